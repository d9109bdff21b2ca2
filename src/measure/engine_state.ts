import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";

/** One operation on the tape that TensorFlow.js records for the backward pass. */
export interface TapeNode {
  /** What the operation returned. */
  outputs: Tensor[];
  /** Tensors kept for the backward pass. */
  saved: Tensor[];
  /** Takes the gradients of the outputs, `null` where there is none. */
  gradient?: (dys: (Tensor | null)[]) => unknown;
}

/** The part of TensorFlow.js's state that gradients are recorded in; its types do not show it. */
export interface EngineState {
  /** How many gradients are being recorded, one inside the other. */
  gradientDepth: number;
  /** The operations recorded so far. */
  activeTape: TapeNode[] | null | undefined;
}

/** The state in which TensorFlow.js records gradients. */
export function engineState(tf: TensorFlow): EngineState {
  return (tf.engine() as unknown as { state: EngineState }).state;
}
