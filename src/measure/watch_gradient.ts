import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { engineState } from "./engine_state.ts";

/**
 * Shows the gradient of a tensor when the backward pass comes by, at no cost in tensors or kernels:
 * the operation that made the tensor is the latest on the tape, and is handed the gradient of its
 * output anyway.
 *
 * @param tf The engine's TensorFlow.js, in the middle of recording a gradient.
 * @param x The tensor.
 * @param see Called with its gradient; not called if the backward pass does not reach it.
 * @returns Whether the tape knows the operation that made the tensor.
 */
export function watchGradient(tf: TensorFlow, x: Tensor, see: (dy: Tensor) => void): boolean {
  const tape = engineState(tf).activeTape ?? [];
  for (let i = tape.length - 1; i >= 0; i--) {
    const node = tape[i];
    const index = node.outputs.findIndex((output) => output.id === x.id);
    if (index < 0) continue;
    const gradient = node.gradient;
    if (gradient === undefined) return false;
    node.gradient = (dys) => {
      const dy = dys[index];
      if (dy !== null) see(dy);
      return gradient(dys);
    };
    return true;
  }
  return false;
}
