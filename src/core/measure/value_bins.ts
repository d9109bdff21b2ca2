import type { Sums } from "../../engine/native/sums.ts";

/** Number of bins from -limit to limit. */
export const BINS = 64;
/** Number of entries that are counted: those of a larger tensor are taken at equal distances. */
const MAX_COUNTED = 2 ** 17;

/** Number of entries in each bin of equal width from -limit to limit. */
export interface ValueBins {
  /** End of the bins, a power of 2, so that those of two tensors can be added. */
  limit: number;
  /** Number of entries in each bin. */
  counts: number[];
}

/** Counts finite entries by value; `null` if none differs from 0. */
export function binValues(
  values: ArrayLike<number>,
  { maxAbs }: Pick<Sums, "maxAbs">,
): ValueBins | null {
  const bins = emptyBins(maxAbs);
  if (bins === null) return null;
  const step = Math.max(1, Math.ceil(values.length / MAX_COUNTED));
  for (let i = 0; i < values.length; i += step) {
    const value = values[i];
    if (value - value === 0) bins.counts[binOf(value, bins.limit)]++;
  }
  return bins;
}

/** Returns bins for entries of at most this magnitude; `null` for 0. */
export function emptyBins(maxAbs: number): ValueBins | null {
  if (!(maxAbs > 0) || !Number.isFinite(maxAbs)) return null;
  return { limit: 2 ** Math.ceil(Math.log2(maxAbs)), counts: new Array(BINS).fill(0) };
}

/**
 * Returns the index of the bin of a finite value. A value on an edge belongs to the bin farther from
 * 0, on both sides: that of a float whose lower bits were cut off.
 */
export function binOf(value: number, limit: number): number {
  const fromZero = Math.min(BINS / 2 - 1, Math.floor(Math.abs(value) / limit * (BINS / 2)));
  return value < 0 ? BINS / 2 - 1 - fromZero : BINS / 2 + fromZero;
}

/** Adds the counts of two tensors, in the bins of the larger one. */
export function addBins(a: ValueBins, b: ValueBins): ValueBins {
  if (a.limit < b.limit) return addBins(b, a);
  const factor = a.limit / b.limit;
  const counts = [...a.counts];
  for (const [i, count] of b.counts.entries()) {
    const middle = (i + 0.5 - BINS / 2) / factor;
    counts[Math.floor(middle + BINS / 2)] += count;
  }
  return { limit: a.limit, counts };
}
