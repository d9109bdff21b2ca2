import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";

/** One operation on the tape that TensorFlow.js records for the backward pass. */
export interface TapeNode {
  /** Name of the operation. */
  kernelName: string;
  /** What the operation was given, by name. */
  inputs: Record<string, Tensor>;
  /** What the operation returned. */
  outputs: Tensor[];
  /** Tensors kept for the backward pass. */
  saved: Tensor[];
  /**
   * Takes the gradients of the outputs, `null` where there is none; returns a function for each input
   * that computes the gradient of it. Some operations have none.
   */
  gradient?: (dys: (Tensor | null)[]) => Record<string, () => Tensor>;
}

/** The part of TensorFlow.js's state that gradients are recorded in; its types do not show it. */
export interface EngineState {
  /** How many gradients are being recorded, one inside the other. */
  gradientDepth: number;
  /** The operations recorded so far. */
  activeTape: TapeNode[] | null | undefined;
  /** The innermost scope, and the tensors that it frees when it ends unless they are kept. */
  activeScope: { track: Tensor[] } | null;
}

/** The state in which TensorFlow.js records gradients. */
export function engineState(tf: TensorFlow): EngineState {
  return (tf.engine() as unknown as { state: EngineState }).state;
}
