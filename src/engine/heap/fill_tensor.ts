import type { WasmBackend } from "../native/wasm_backend.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";

/**
 * Makes a tensor whose entries are written straight to the WASM heap.
 *
 * @param tf The engine's TensorFlow.js.
 * @param fill Writes all entries, and makes no tensor.
 */
export function fillTensor(
  tf: TensorFlow,
  shape: readonly number[],
  fill: (entries: Float32Array) => void,
): Tensor {
  const backend = tf.backend() as unknown as WasmBackend;
  const info = backend.makeOutput([...shape], "float32");
  const tensor = tf.engine().makeTensorFromTensorInfo(info);
  try {
    fill(backend.typedArrayFromHeap(info) as Float32Array);
  } catch (error) {
    tensor.dispose();
    throw error;
  }
  return tensor;
}
