import { arrayOf, number, requireValue } from "../words/requirements.ts";
/** Quartiles of a figure over the draws. */
export interface Quartiles {
  /** Lower quartile. */
  lower: number;
  /** Median. */
  median: number;
  /** Upper quartile. */
  upper: number;
}

/**
 * Computes quartiles with linear interpolation between order statistics. NaN counts as larger than
 * any number: a quartile that involves it is NaN.
 *
 * @param values The figures of the draws.
 * @returns The quartiles, or `null` without figures.
 *
 * @example Five draws, one of them far off
 * ```ts
 * import { quartiles } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(quartiles([1, 2, 3, 4, 1000]), { lower: 2, median: 3, upper: 4 });
 * ```
 */
export function quartiles(values: readonly number[]): Quartiles | null {
  requireValue("values", values, arrayOf(number));
  if (values.length === 0) return null;
  const broken = values.filter(Number.isNaN).length;
  const sorted = [
    ...values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b),
    ...Array<number>(broken).fill(NaN),
  ];
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const part = place - below;
    // Not part * 0: that would be NaN beside an infinity.
    return part === 0 || sorted[below] === sorted[below + 1]
      ? sorted[below]
      : sorted[below] * (1 - part) + sorted[below + 1] * part;
  };
  return { lower: at(0.25), median: at(0.5), upper: at(0.75) };
}
