import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";

/** The state of TensorFlow.js's engine that a failed backward pass leaves behind. */
interface EngineState {
  gradientDepth: number;
  activeTape: { saved: Tensor[] }[] | null;
}

/**
 * Frees what a gradient that threw has left behind. The tensors that kernels saved for the backward
 * pass are kept ones, which neither `tidy` nor a scope frees; TensorFlow.js does it only where a
 * gradient succeeds.
 *
 * @param tf The engine's TensorFlow.js.
 */
export function dropTape(tf: TensorFlow): void {
  const { state } = tf.engine() as unknown as { state: EngineState };
  if (state.gradientDepth !== 0 || state.activeTape === null || state.activeTape === undefined) {
    return;
  }
  for (const node of state.activeTape) tf.dispose(node.saved);
  state.activeTape = null;
}
