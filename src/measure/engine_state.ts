import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";

/** Operation on the tape that TensorFlow.js records for the backward pass. */
export interface TapeNode {
  /** Name of the operation. */
  kernelName: string;
  /** Inputs of the operation, by name. */
  inputs: Record<string, Tensor>;
  /** Outputs of the operation. */
  outputs: Tensor[];
  /** Tensors kept for the backward pass. */
  saved: Tensor[];
  /**
   * Takes the gradients of the outputs, `null` if there is none; returns for each input a function
   * that computes its gradient. Some operations have none.
   */
  gradient?: (dys: (Tensor | null)[]) => Record<string, () => Tensor>;
}

/** Part of TensorFlow.js's state that gradients are recorded in; its types do not show it. */
interface EngineState {
  /** Number of nested gradients being recorded. */
  gradientDepth: number;
  /** Operations recorded so far. */
  activeTape: TapeNode[] | null | undefined;
  /** Innermost scope, with the tensors that it frees when it ends unless they are kept. */
  activeScope: { track: Tensor[] } | null;
}

/** Returns the state in which TensorFlow.js records gradients. */
export function engineState(tf: TensorFlow): EngineState {
  return (tf.engine() as unknown as { state: EngineState }).state;
}

/** Methods that start and end a tape; TensorFlow.js declares them private. */
interface Recorder {
  startTape(): void;
  endTape(): void;
}

/**
 * Makes TensorFlow.js record every operation of a forward pass, as its own gradients do.
 *
 * @param tf The engine's TensorFlow.js.
 * @param forward The forward pass. All tensors that it makes are freed, except those that the tape
 * keeps.
 * @returns The operations in their order. {@linkcode dropTape} frees the tensors that they keep.
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
 * Runs code that gradients do not record, inside {@linkcode recordTape} too.
 *
 * @param tf The engine's TensorFlow.js.
 * @param run Code to run. It may record its own tape.
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
 * Frees the tensors that a tape still holds. Ops keep the tensors that they save for the backward
 * pass, so neither `tidy` nor a scope frees them; TensorFlow.js does only if a gradient succeeds.
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
 * Returns the id of the next tensor: ids grow, so any smaller one already exists.
 *
 * @param tf The engine's TensorFlow.js.
 */
export function nextTensorId(tf: TensorFlow): number {
  // The counter is a private static field.
  return (tf.engine().constructor as unknown as { nextTensorId: number }).nextTensorId;
}
