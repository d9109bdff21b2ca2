import { type Heap, heapView } from "../../engine/heap/heap.ts";
import { addSums, type Sums } from "../../engine/native/sums.ts";
import type { Layer, Tensor } from "../../engine/tensorflow.ts";
import {
  type ExponentHistogram,
  LARGEST,
  SMALLEST,
} from "../../ground/theory/half_precision_fit.ts";
import type { TensorStatistics } from "./measurements.ts";
import { addBins, binValues } from "./value_bins.ts";

/**
 * Sums up entries in one sweep, in float64.
 *
 * Deviations are taken from the first finite entry rather than from 0, so that the mean's square,
 * which may be far larger than the variance, is never subtracted.
 *
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
 * @param from Index of the first entry. Default: 0.
 * @returns The sums.
 */
export function sumTensor(heap: Heap, tensor: Tensor, from = 0, count: number = tensor.size): Sums {
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
 */
export function mergeSums(a: Sums | null, b: Sums): Sums {
  if (a === null) return b;
  return { ...addSums(a, b), ...mergeHistograms(a, b) };
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
    ...sums.bins === undefined ? {} : { bins: sums.bins },
    ...sums.quantiles === undefined ? {} : { quantiles: sums.quantiles },
  };
}

/** A tensor with fewer entries stays in the cache anyway. */
const MIN_SIZE_SUMMED_EARLY = 2 ** 14;

/**
 * Caches the sums over the tensors of a pass, by their data, which never changes: an activation
 * layer reads the output of the layer before it, and the gradient of a sum is that of each of its
 * terms. In a ResNet, a quarter of the tensors are seen more than once.
 */
export class TensorSums {
  readonly #heap: Heap;
  readonly #known = new WeakMap<object, Sums>();

  /** @param heap The engine's heap. */
  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Returns the sums over all entries of a tensor. */
  of(tensor: Tensor): Sums {
    const known = this.#known.get(tensor.dataId);
    if (known !== undefined) return known;
    const sums = sumTensor(this.#heap, tensor);
    this.#known.set(tensor.dataId, sums);
    return sums;
  }

  /**
   * Sums up the kernels of a layer before its first call, so that the layer finds them in the processor's
   * cache: for 10 kernels of 512 x 512 that takes 1.0 ms, after the layer 1.5 (2-core Xeon).
   */
  beforeCall(layer: Layer): void {
    for (const variable of layer.weights) {
      const values = variable.read();
      if (variable.trainable && values.size >= MIN_SIZE_SUMMED_EARLY) this.of(values);
    }
  }
}

/** Bias of the exponent in a float32. */
const BIAS = 127;

/** Adds the histograms of a float32 tensor to its sums: by exponent, and by value. */
export function withHistograms(heap: Heap, tensor: Tensor, sums: Sums): Sums {
  if (tensor.dtype !== "float32") return sums;
  const exponents = Float64Array.from(heap.native.exponents(heap.address(tensor), tensor.size));
  return { ...withBins(heap, tensor, sums), exponents };
}

/** Adds the histogram of a tensor by value to its sums. */
export function withBins(heap: Heap, tensor: Tensor, sums: Sums): Sums {
  const bins = binValues(heapView(heap.tf, tensor), sums);
  return bins === null ? sums : { ...sums, bins };
}

/** Merges the histograms of two tensors; absent if one of them has none. */
function mergeHistograms(a: Sums, b: Sums): Pick<Sums, "exponents" | "bins"> {
  const others = b.exponents;
  // Bins are absent where all entries are 0.
  const bins = a.bins === undefined || b.bins === undefined
    ? a.bins ?? b.bins
    : addBins(a.bins, b.bins);
  return {
    ...a.exponents === undefined || others === undefined
      ? {}
      : { exponents: a.exponents.map((count, exponent) => count + others[exponent]) },
    ...bins === undefined ? {} : { bins },
  };
}

/** Returns the exponents of zeros. */
export function exponentsOfZeros(count: number): Float64Array {
  return Float64Array.from({ length: 256 }, (_, exponent) => exponent === 0 ? count : 0);
}

/** Returns the histogram of a tensor, trimmed to the exponents that occur. */
function histogramOf({ zeros }: Sums, exponents: Float64Array): ExponentHistogram {
  const sum = (first: number, end: number) =>
    exponents.subarray(first, end).reduce((total, count) => total + count, 0);
  const first = SMALLEST + BIAS;
  const end = LARGEST + BIAS + 1;
  const counts = [...exponents.subarray(first, end)];
  const last = counts.findLastIndex((count) => count > 0);
  const least = Math.max(0, counts.findIndex((count) => count > 0));
  return {
    zeros,
    nonFinite: exponents[255],
    under: sum(0, first) - zeros,
    from: last < 0 ? 0 : SMALLEST + least,
    counts: counts.slice(least, last + 1),
    over: sum(end, 255),
  };
}
