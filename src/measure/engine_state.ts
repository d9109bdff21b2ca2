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
interface EngineState {
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

/** What starts and ends a tape; TensorFlow.js declares it private. */
interface Recorder {
  startTape(): void;
  endTape(): void;
}

/**
 * Makes TensorFlow.js record every operation of a forward pass, as its own gradients do.
 *
 * @param tf The engine's TensorFlow.js.
 * @param forward The forward pass. All tensors that it makes are freed but those that the tape keeps.
 * @returns The operations in their order. {@linkcode dropTape} frees what they keep.
 */
export function recordTape(tf: TensorFlow, forward: () => void): TapeNode[] {
  const state = engineState(tf);
  const recorder = tf.engine() as unknown as Recorder;
  // Inside another gradient the tape belongs to that one, and continues.
  const from = state.gradientDepth === 0 ? 0 : state.activeTape!.length;
  recorder.startTape();
  try {
    tf.tidy(forward);
  } finally {
    recorder.endTape();
  }
  return from === 0 ? state.activeTape! : state.activeTape!.slice(from);
}

/**
 * Runs what the gradients are not to know of, inside {@linkcode recordTape} too.
 *
 * @param tf The engine's TensorFlow.js.
 * @param run What is run. It may record a tape of its own.
 */
export function withoutTape<T>(tf: TensorFlow, run: () => T): T {
  const state = engineState(tf);
  const { gradientDepth, activeTape } = state;
  state.gradientDepth = 0;
  try {
    return run();
  } finally {
    Object.assign(state, { gradientDepth, activeTape });
  }
}

/**
 * Frees what a tape still holds. The tensors that kernels saved for the backward pass are kept ones, which
 * neither `tidy` nor a scope frees; TensorFlow.js does it only where a gradient succeeds.
 *
 * @param tf The engine's TensorFlow.js.
 */
export function dropTape(tf: TensorFlow): void {
  const state = engineState(tf);
  if (state.gradientDepth !== 0 || state.activeTape == null) return;
  for (const { saved } of state.activeTape) for (const tensor of saved) tensor.dispose();
  state.activeTape = null;
}

/**
 * The id that the next tensor will have: ids grow, so anything with a smaller one exists already.
 *
 * @param tf The engine's TensorFlow.js.
 */
export function nextTensorId(tf: TensorFlow): number {
  // TensorFlow.js counts in its class, and declares it private.
  return (tf.engine().constructor as unknown as { nextTensorId: number }).nextTensorId;
}
