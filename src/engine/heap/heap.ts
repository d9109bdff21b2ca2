import type { TensorInfo } from "@tensorflow/tfjs";
import { InputError } from "../../ground/words/input_error.ts";
import { requireValue } from "../../ground/words/shape.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { NativeModule } from "../native/native_module.ts";
import type { WasmBackend } from "../native/wasm_backend.ts";
import { settleDtype } from "../settle_dtype.ts";
import { type Tensor, type TensorFlow, tensorFlow } from "../tensorflow.ts";

/** WASM heap of an engine, for code that works on it in place. */
export interface Heap {
  /** TensorFlow.js whose tensors are on the heap. */
  readonly tf: TensorFlow;
  /**
   * This project's WASM module on the heap. Read it on each use: a restart of the backend replaces
   * it.
   */
  readonly native: NativeModule;
  /** Returns the byte address of a tensor, and first moves it there from another backend. */
  address(tensor: TensorInfo): number;
}

/**
 * Returns a view of a tensor's entries on the WASM heap, without copying. Use it immediately: if
 * the heap grows, the view gets length 0 (with one thread), and the heap can grow whenever a tensor
 * is created. Tensors on another backend are moved to the engine first.
 *
 * Do not write to the view: TensorFlow.js's ops keep packed copies of weights, which would not see
 * the change.
 *
 * @param tf The engine's TensorFlow.js.
 * @param tensor Tensor to view.
 * @returns Entries, row-major.
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
    throw new InputError(
      { place: "tensor", found: showValue(tensor), expected: "a tensor that is not disposed of" },
    );
  }
  requireValue("tf", tf, tensorFlow);
  settleDtype(tf, tensor);
  const backend = tf.backend() as unknown as WasmBackend;
  // The lookup moves the tensor, which may grow the heap, so the view must be created afterwards.
  backend.dataIdMap.get(tensor.dataId);
  return backend.typedArrayFromHeap(tensor);
}

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
