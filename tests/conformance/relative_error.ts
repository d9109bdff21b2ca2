/**
 * Largest difference of two arrays relative to the largest entry of the expected one, or to 1e-2 if
 * all of its entries are smaller. NaN counts as an infinite difference, unless both are NaN.
 */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Infinity;
  let scale = 1e-2, worst = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i])) scale = Math.max(scale, Math.abs(expected[i]));
    if (Object.is(found[i], expected[i])) continue;
    const difference = Math.abs(found[i] - expected[i]);
    worst = Math.max(worst, Number.isNaN(difference) ? Infinity : difference);
  }
  return worst / scale;
}
