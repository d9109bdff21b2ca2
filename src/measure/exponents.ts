import { type ExponentHistogram, LARGEST, SMALLEST } from "../theory/half_precision_fit.ts";
import type { Heap } from "../engine/heap.ts";
import type { Sums } from "../engine/native/sums.ts";
import type { Tensor } from "../engine/tensorflow.ts";

/** Bias of the exponent in a float32. */
const BIAS = 127;

/** Adds the exponents of a float32 tensor to its sums, if requested. */
export function withExponents(heap: Heap, tensor: Tensor, sums: Sums, histograms: boolean): Sums {
  if (!histograms || tensor.dtype !== "float32") return sums;
  const exponents = Float64Array.from(heap.native.exponents(heap.address(tensor), tensor.size));
  return { ...sums, exponents };
}

/** Merges the exponents of two tensors; absent if one of them has none. */
export function mergeExponents(a: Sums, b: Sums): Pick<Sums, "exponents"> {
  const others = b.exponents;
  if (a.exponents === undefined || others === undefined) return {};
  return { exponents: a.exponents.map((count, exponent) => count + others[exponent]) };
}

/** Returns the exponents of zeros. */
export function exponentsOfZeros(count: number): Float64Array {
  return Float64Array.from({ length: 256 }, (_, exponent) => exponent === 0 ? count : 0);
}

/** Returns the histogram of a tensor, trimmed to the exponents that occur. */
export function histogramOf({ zeros }: Sums, exponents: Float64Array): ExponentHistogram {
  const sum = (first: number, end: number) =>
    exponents.subarray(first, end).reduce((total, count) => total + count, 0);
  const [first, end] = [SMALLEST + BIAS, LARGEST + BIAS + 1];
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
