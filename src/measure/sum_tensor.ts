import { heapView } from "../engine/heap_view.ts";
import { runningNative } from "../engine/native/running_native.ts";
import type { WasmBackend } from "../engine/native/wasm_backend.ts";
import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { sumEntries } from "./sum_entries.ts";
import type { Sums } from "../engine/native/sums.ts";

/**
 * Sums up a tensor, or a run of its entries, in float64: floats in our own SIMD code where they lie on
 * the WASM heap, all else entry by entry. It may let the heap grow: a view taken before is dead then.
 *
 * @param tf The engine's TensorFlow.js.
 * @param tensor The tensor.
 * @param from Index of the first entry. Default: 0.
 * @param count How many entries. Default: all.
 * @returns The sums.
 */
export function sumTensor(
  tf: TensorFlow,
  tensor: Tensor,
  from = 0,
  count: number = tensor.size,
): Sums {
  const native = runningNative();
  if (tensor.dtype !== "float32" || native === null) {
    return sumEntries(heapView(tf, tensor).subarray(from, from + count));
  }
  const backend = tf.backend() as unknown as WasmBackend;
  const { memoryOffset } = backend.dataIdMap.get(tensor.dataId);
  return native.sums(memoryOffset + 4 * from, count);
}
