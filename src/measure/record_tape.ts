import type { TensorFlow } from "../engine/tensorflow.ts";
import { engineState, type TapeNode } from "./engine_state.ts";

/** What starts and ends a tape; TensorFlow.js declares it private. */
interface Recorder {
  startTape(): void;
  endTape(): void;
}

/**
 * Has TensorFlow.js record every operation of a forward pass, as its own gradients do.
 *
 * @param tf The engine's TensorFlow.js.
 * @param forward The forward pass. All tensors that it makes are freed but those that the tape keeps.
 * @returns The operations in their order. {@linkcode dropTape} frees what they keep.
 */
export function recordTape(tf: TensorFlow, forward: () => void): TapeNode[] {
  const state = engineState(tf);
  const recorder = tf.engine() as unknown as Recorder;
  // Inside of somebody else's gradient the tape is theirs, and goes on.
  const from = state.gradientDepth === 0 ? 0 : state.activeTape!.length;
  recorder.startTape();
  try {
    tf.tidy(forward);
  } finally {
    recorder.endTape();
  }
  return from === 0 ? state.activeTape! : state.activeTape!.slice(from);
}
