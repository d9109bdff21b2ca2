/** Number of figures that a sweep computes: those of {@linkcode readSums}. */
export const FIGURES = 7;

/** Largest number of pieces that a run is split into. */
export const MOST_PIECES = 64;

/** Sums over a run of entries from which its statistics follow; all over the finite entries. */
export interface Sums {
  /** Number of entries. */
  count: number;
  /** Number of finite entries. */
  finite: number;
  /** Sum of |x|. */
  sumAbs: number;
  /** Sum of x squared. */
  sumSquares: number;
  /** Largest |x|. */
  maxAbs: number;
  /** Number of exact zeros. */
  zeros: number;
  /** Mean of x. */
  mean: number;
  /** Sum of (x - mean) squared. */
  squaredDeviations: number;
  /** Number of entries with each exponent as float32 stores it, 0 to 255; only if requested. */
  exponents?: Float64Array;
  /** Number of entries by value, from -limit to limit; only if requested. */
  bins?: { limit: number; counts: number[] };
  /** Quantiles; only of a file of weights. */
  quantiles?: number[];
}

/** Reads the results of a sweep over `count` entries, starting at index `at`. */
export function readSums(figures: Float64Array, at: number, count: number): Sums {
  return {
    count,
    finite: figures[at],
    sumAbs: figures[at + 1],
    sumSquares: figures[at + 2],
    maxAbs: figures[at + 3],
    zeros: figures[at + 4],
    mean: figures[at + 5],
    squaredDeviations: figures[at + 6],
  };
}

/**
 * Adds the sums over two runs, except exponents.
 *
 * Means and squared deviations are merged pairwise (Chan, Golub and LeVeque 1979), so that a mean
 * that is large compared to the deviation costs no digits.
 */
export function addSums(a: Sums, b: Sums): Sums {
  const count = a.count + b.count;
  if (b.finite === 0) return { ...a, count };
  const finite = a.finite + b.finite;
  const step = b.mean - a.mean;
  return {
    count,
    finite,
    sumAbs: a.sumAbs + b.sumAbs,
    sumSquares: a.sumSquares + b.sumSquares,
    maxAbs: Math.max(a.maxAbs, b.maxAbs),
    zeros: a.zeros + b.zeros,
    mean: a.mean + step * (b.finite / finite),
    squaredDeviations: a.squaredDeviations + b.squaredDeviations +
      step * step * (a.finite * b.finite / finite),
  };
}
