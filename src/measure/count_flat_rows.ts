import type { Heap } from "../engine/heap.ts";
import { heapView } from "../engine/heap_view.ts";
import type { Tensor } from "../engine/tensorflow.ts";

/**
 * How many rows of a tensor, along its last axis, hardly vary. A row that does vary shows it in its first
 * entries, so that only those are read of most rows.
 *
 * @param heap The engine's heap.
 * @param tensor The tensor.
 * @param most A row of a variance up to this hardly varies.
 * @returns How many rows it has, and how many are flat; no rows where a row has fewer than two entries.
 */
export function countFlatRows(
  heap: Heap,
  tensor: Tensor,
  most: number,
): { rows: number; flat: number } {
  const length = tensor.shape.at(-1) ?? 1;
  if (tensor.dtype !== "float32" || length < 2) return { rows: 0, flat: 0 };
  const values = heapView(heap.tf, tensor);
  let flat = 0;
  for (let start = 0; start < values.length; start += length) {
    if (isFlat(values, start, length, most * length)) flat++;
  }
  return { rows: values.length / length, flat };
}

/** Whether the squared deviations of a row stay within a sum: over more entries they only grow. */
function isFlat(
  values: ArrayLike<number>,
  start: number,
  length: number,
  most: number,
): boolean {
  const origin = values[start];
  let sum = 0, squares = 0;
  for (let i = 1; i < length; i++) {
    const deviation = values[start + i] - origin;
    sum += deviation;
    squares += deviation * deviation;
    // Written so that NaN is not flat.
    if (!(squares - sum * sum / (i + 1) <= most)) return false;
  }
  return origin - origin === 0;
}
