import type { Tensor, TensorFlow } from "./tensorflow.ts";
import type { WasmBackend } from "./native/wasm_backend.ts";

/**
 * A view of a tensor's entries on the WASM heap, without a copy. Take it, use it, drop it: after the
 * heap has grown it has length 0 (one thread), and the heap grows whenever a tensor is made. A tensor
 * that lies on another backend is moved to the engine first.
 *
 * Read only. The stock kernels keep packed copies of weights: after a write in place they go on with
 * the old ones.
 *
 * @param tf The engine's TensorFlow.js.
 * @param tensor A tensor.
 * @returns The entries, row-major.
 */
export function heapView(tf: TensorFlow, tensor: Tensor): Float32Array | Int32Array | Uint8Array {
  const backend = tf.backend() as unknown as WasmBackend;
  // Looking it up moves it, which may grow the heap: the view must be taken of the heap after that.
  backend.dataIdMap.get(tensor.dataId);
  return backend.typedArrayFromHeap(tensor);
}
