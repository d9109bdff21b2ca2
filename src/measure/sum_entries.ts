import type { Sums } from "../engine/native/sums.ts";

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
