import type { Heap } from "../engine/heap.ts";
import { heapView } from "../engine/heap_view.ts";
import type { Tensor } from "../engine/tensorflow.ts";

/**
 * Counts the rows of a tensor, along its last axis, that hardly vary. Most rows that vary do so in
 * their first entries, so the rest is not read.
 *
 * @param heap The engine's heap.
 * @param tensor The tensor.
 * @param most Largest variance of a row that hardly varies.
 * @returns The number of rows, and of flat ones; 0 rows if a row has fewer than two entries.
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

/**
 * Returns true if the squared deviations of a row stay within a sum: with more entries they only
 * grow.
 */
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
