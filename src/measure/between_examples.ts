import { type Heap, heapView } from "../engine/heap/heap.ts";
import type { Sums } from "../engine/native/sums.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import type { FeatureMeasurements } from "./measurements.ts";

/**
 * Sums in float64 the squared deviations of the entries of an example from their means over the
 * batch.
 *
 * @param heap The engine's heap.
 * @param sums Sums over the tensor.
 * @returns NaN if the tensor does not have that many examples on its first axis, or an entry is not
 * finite.
 */
export function deviationsBetween(
  heap: Heap,
  tensor: Tensor,
  examples: number,
  sums: Sums,
): number {
  if (tensor.shape[0] !== examples || sums.finite < sums.count) return NaN;
  if (sums.count === 0) return 0;
  const width = tensor.size / examples;
  if (tensor.dtype === "float32") {
    return heap.native.columnDeviations(heap.address(tensor), examples, width, sums.sumSquares);
  }
  let sum = 0;
  eachColumn(heap, tensor, width, (_, deviations) => sum += deviations);
  return sum;
}

/**
 * Returns the share of the second moment that tells the examples of a tensor apart, or `null` if
 * undefined.
 */
export function spreadOf(heap: Heap, tensor: Tensor, examples: number, sums: Sums): number | null {
  const spread = deviationsBetween(heap, tensor, examples, sums) / sums.sumSquares;
  return examples < 2 || Number.isNaN(spread) ? null : spread;
}

/** Measures the features of a tensor; `null` if each has fewer than two entries. */
export function measureFeatures(heap: Heap, tensor: Tensor): FeatureMeasurements | null {
  const count = tensor.rank < 2 ? 1 : tensor.shape.at(-1)!;
  const entries = tensor.size / count;
  // 0 / 0 for a tensor without entries.
  if (!(entries >= 2)) return null;
  let constant = 0, largestOffset = 0, largestStd = 0, smallestStd = Infinity;
  eachColumn(heap, tensor, count, (mean, deviations) => {
    if (deviations === 0) constant++;
    if (!(deviations > 0)) return;
    const std = Math.sqrt(deviations / entries);
    largestOffset = Math.max(largestOffset, Math.abs(mean) / std);
    largestStd = Math.max(largestStd, std);
    smallestStd = Math.min(smallestStd, std);
  });
  return largestStd === 0
    ? { count, constant, largestOffset: null, largestStd: null, smallestStd: null }
    : { count, constant, largestOffset, largestStd, smallestStd };
}

/**
 * Passes each column's mean and squared deviations to the callback, NaN for a column that is not
 * finite; SIMD for floats, JavaScript for other types.
 */
function eachColumn(
  heap: Heap,
  tensor: Tensor,
  width: number,
  see: (mean: number, squaredDeviations: number) => void,
): void {
  const rows = tensor.size / width;
  if (tensor.dtype === "float32") {
    return heap.native.eachColumn(heap.address(tensor), rows, width, see);
  }
  const values = heapView(heap.tf, tensor);
  for (let column = 0; column < width; column++) {
    let sum = 0, squares = 0;
    for (let at = column; at < values.length; at += width) {
      const deviation = values[at] - values[column];
      sum += deviation;
      squares += deviation * deviation;
    }
    see(values[column] + sum / rows, Math.max(0, squares - sum * (sum / rows)));
  }
}
