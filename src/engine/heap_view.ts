import type { Tensor, TensorFlow } from "./tensorflow.ts";
import type { WasmBackend } from "./native/wasm_backend.ts";
import { requireValue } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";
import { tensorFlow } from "./tensorflow_requirement.ts";

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
 *
 * @example The sum of a tensor
 * ```ts
 * import { heapView, startEngine } from "@gradient-health/gradient-health/engine";
 * import { assertEquals } from "@std/assert";
 *
 * await using engine = await startEngine();
 * const tensor = engine.tf.tensor1d([1, 2, 3]);
 * let sum = 0;
 * for (const entry of heapView(engine.tf, tensor)) sum += entry;
 * assertEquals(sum, 6);
 * tensor.dispose();
 * ```
 */
export function heapView(tf: TensorFlow, tensor: Tensor): Float32Array | Int32Array | Uint8Array {
  if (typeof tensor?.dataId !== "object" || tensor.isDisposed) {
    throw new TypeError(
      `tensor is ${showValue(tensor)}, expected a tensor that is not disposed of`,
    );
  }
  requireValue("tf", tf, tensorFlow);
  const backend = tf.backend() as unknown as WasmBackend;
  // Looking it up moves it, which may grow the heap: the view must be taken of the heap after that.
  backend.dataIdMap.get(tensor.dataId);
  return backend.typedArrayFromHeap(tensor);
}
