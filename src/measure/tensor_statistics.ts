import type { ExponentHistogram } from "../theory/half_precision_fit.ts";

/**
 * Statistics of one tensor, accumulated in float64. `nonFinite` counts the NaN and infinite
 * entries; every other figure except `count` is over the finite entries alone, and is 0 if there
 * are none.
 */
export interface TensorStatistics {
  /** Number of entries, including the non-finite ones. */
  count: number;
  /** Mean of |x|. */
  meanAbs: number;
  /** Root of the mean of x squared. */
  rms: number;
  /** Largest |x|. */
  maxAbs: number;
  /** Mean of x. */
  mean: number;
  /** Population standard deviation: root of the mean of (x - mean) squared. */
  std: number;
  /** Root of the sum of x squared. */
  l2: number;
  /** Share of the finite entries that are exactly 0, from 0 to 1. */
  zeroFraction: number;
  /** Number of entries that are NaN or infinite. */
  nonFinite: number;
  /**
   * Number of entries with each binary exponent, for z, a, dJ/da, delta and dJ/dw; only with
   * `histograms`.
   */
  exponents?: ExponentHistogram;
}
