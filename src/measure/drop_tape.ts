import type { TensorFlow } from "../engine/tensorflow.ts";
import { engineState } from "./engine_state.ts";

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
