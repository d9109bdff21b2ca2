import type { Heap } from "../engine/heap.ts";
import { heapView } from "../engine/heap_view.ts";
import { addSums, type Sums } from "../engine/native/sums.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import { histogramOf, mergeExponents } from "./exponents.ts";
import type { TensorStatistics } from "./tensor_statistics.ts";

/**
 * Sums up entries in one sweep, in float64.
 *
 * Deviations are taken from the first finite entry rather than from 0, so that the mean's square,
 * which may be far larger than the variance, is never subtracted.
 *
 * @param values The entries.
 * @returns The sums.
 */
export function sumEntries(values: ArrayLike<number>): Sums {
  let finite = 0, sumAbs = 0, sumSquares = 0, maxAbs = 0, zeros = 0;
  let origin = 0, shifted = 0, shiftedSquares = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i];
    // Only for NaN and the infinities, x - x is not 0.
    if (x - x !== 0) continue;
    if (finite === 0) origin = x;
    finite++;
    const magnitude = Math.abs(x);
    sumAbs += magnitude;
    sumSquares += x * x;
    if (magnitude > maxAbs) maxAbs = magnitude;
    if (x === 0) zeros++;
    const deviation = x - origin;
    shifted += deviation;
    shiftedSquares += deviation * deviation;
  }
  const n = Math.max(1, finite);
  return {
    count: values.length,
    finite,
    sumAbs,
    sumSquares,
    maxAbs,
    zeros,
    mean: origin + shifted / n,
    squaredDeviations: Math.max(0, shiftedSquares - shifted * shifted / n),
  };
}

/**
 * Sums up a tensor, or a run of its entries, in float64: floats on the WASM heap with our own SIMD
 * code, everything else entry by entry. The heap may grow, which invalidates views taken earlier.
 *
 * @param heap The engine's heap.
 * @param tensor The tensor.
 * @param from Index of the first entry. Default: 0.
 * @param count Number of entries. Default: all.
 * @returns The sums.
 */
export function sumTensor(
  heap: Heap,
  tensor: Tensor,
  from = 0,
  count: number = tensor.size,
): Sums {
  if (tensor.dtype !== "float32") {
    return sumEntries(heapView(heap.tf, tensor).subarray(from, from + count));
  }
  return heap.native.sums(heap.address(tensor) + 4 * from, count);
}

/**
 * Merges the sums over two tensors: a shared layer, a time-distributed one or a recurrent cell is
 * called many times in a pass.
 *
 * @param a Sums so far, `null` for none.
 * @param b Sums to add.
 */
export function mergeSums(a: Sums | null, b: Sums): Sums {
  if (a === null) return b;
  return { ...addSums(a, b), ...mergeExponents(a, b) };
}

/** Returns the statistics that follow from sums, or `null` without entries. */
export function statisticsOf(sums: Sums | null): TensorStatistics | null {
  return sums === null || sums.count === 0 ? null : figuresOf(sums);
}

/** Returns the statistics that follow from sums, even without entries. */
export function figuresOf(sums: Sums): TensorStatistics {
  const n = Math.max(1, sums.finite);
  return {
    count: sums.count,
    meanAbs: sums.sumAbs / n,
    rms: Math.sqrt(sums.sumSquares / n),
    maxAbs: sums.maxAbs,
    mean: sums.mean,
    std: Math.sqrt(sums.squaredDeviations / n),
    l2: Math.sqrt(sums.sumSquares),
    zeroFraction: sums.zeros / n,
    nonFinite: sums.count - sums.finite,
    ...sums.exponents === undefined ? {} : { exponents: histogramOf(sums, sums.exponents) },
  };
}
