import type { Tensor, TensorFlow } from "./tensorflow.ts";

/** The part of TensorFlow.js's WASM backend that reads a tensor in place. */
interface WasmBackend {
  typedArrayFromHeap(info: Tensor): Float32Array | Int32Array | Uint8Array;
}

/**
 * A view of a tensor's entries on the WASM heap, without a copy. Take it, use it, drop it: after the
 * heap has grown it has length 0 (one thread), and the heap grows whenever a tensor is made.
 *
 * @param tf The engine's TensorFlow.js.
 * @param tensor A tensor that lives on the WASM backend.
 * @returns The entries, row-major.
 */
export function heapView(tf: TensorFlow, tensor: Tensor): Float32Array | Int32Array | Uint8Array {
  return (tf.backend() as unknown as WasmBackend).typedArrayFromHeap(tensor);
}
