import { heapView } from "../engine/heap_view.ts";
import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";

/** A copy of the entries of a tensor, as floats. */
export function copyOf(tf: TensorFlow, tensor: Tensor): Float32Array {
  return Float32Array.from(heapView(tf, tensor));
}
