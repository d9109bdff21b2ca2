import { positive, requireValue, whole } from "../words/shape.ts";

/** Returns the mean of values; NaN without any. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Returns the median of values; NaN without any. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Quantile of the standard normal distribution with 2.5 % above it. */
export const NORMAL_QUANTILE = 1.959963984540054;

/**
 * Returns the 95 % interval of a rate (Wilson 1927): all rates less than 1.96 standard errors from
 * the observed one. Unlike rate +- error it stays between 0 and 1, and is informative even if
 * none or all of the trials succeeded: 0 of 50 is compatible with rates up to 7 %.
 *
 * @param successes Number of successful trials.
 * @param trials Number of trials, 1 or more.
 * @returns The lowest and the highest rate.
 *
 * @example Rate after 50 draws without a failure
 * ```ts
 * import { wilsonInterval } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const [low, high] = wilsonInterval(50, 50);
 * assertAlmostEquals(low, 0.9287, 1e-4);
 * assertAlmostEquals(high, 1);
 * ```
 *
 * @throws {InputError} If a number is not an integer, there are no trials, or more successes than
 * trials.
 */
export function wilsonInterval(successes: number, trials: number): [number, number] {
  requireValue("trials", trials, positive);
  requireValue("successes", successes, whole(0, trials));
  const rate = successes / trials;
  const share = NORMAL_QUANTILE ** 2 / trials;
  const middle = rate + share / 2;
  const reach = Math.sqrt(share * (rate * (1 - rate) + share / 4));
  // At the ends the formula gives 0 and 1 only up to rounding.
  const low = successes === 0 ? 0 : (middle - reach) / (1 + share);
  const high = successes === trials ? 1 : (middle + reach) / (1 + share);
  return [low, high];
}
