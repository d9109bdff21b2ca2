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
    // NaN and the infinities are the numbers whose difference with themselves is not 0.
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
 * Sums up a tensor, or a run of its entries, in float64: floats on the WASM heap with our own SIMD code,
 * everything else entry by entry. The heap may grow, which invalidates views taken earlier.
 *
 * @param heap The engine's heap.
 * @param tensor The tensor.
 * @param from Index of the first entry. Default: 0.
 * @param count How many entries. Default: all.
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
 * The sums over the entries of two tensors: a shared layer, a time-distributed one or a recurrent cell
 * is called many times in a pass.
 *
 * @param a What was summed up so far, `null` for nothing.
 * @param b What is to be added.
 */
export function mergeSums(a: Sums | null, b: Sums): Sums {
  if (a === null) return b;
  return { ...addSums(a, b), ...mergeExponents(a, b) };
}

/** The statistics that follow from sums, or `null` where nothing was summed up. */
export function statisticsOf(sums: Sums | null): TensorStatistics | null {
  return sums === null || sums.count === 0 ? null : figuresOf(sums);
}

/** The statistics that follow from sums, of no entries, too. */
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
