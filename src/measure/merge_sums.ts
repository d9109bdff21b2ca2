import type { Sums } from "../engine/native/sums.ts";

/**
 * The sums over the entries of two tensors: a shared layer, a time-distributed one or a recurrent cell
 * is called many times in a pass.
 *
 * Means and squared deviations are merged pairwise (Chan, Golub and LeVeque 1979), so that a mean
 * that is large beside the deviation costs no digits.
 *
 * @param a What was summed up so far, `null` for nothing.
 * @param b What is to be added.
 */
export function mergeSums(a: Sums | null, b: Sums): Sums {
  if (a === null) return b;
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
