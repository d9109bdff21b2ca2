/** The largest |difference| of two arrays of one length. NaN where one of a pair alone is NaN. */
export function largestChange(before: ArrayLike<number>, after: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < before.length; i++) {
    // Equal infinities have no difference, nor do two NaN.
    if (Object.is(before[i], after[i])) continue;
    const change = Math.abs(before[i] - after[i]);
    if (!(change <= largest)) largest = change;
    if (Number.isNaN(largest)) return NaN;
  }
  return largest;
}

/** The root of the mean square. */
export function rmsOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return Math.sqrt(sum / Math.max(1, values.length));
}
