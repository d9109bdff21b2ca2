import { number, requireValue } from "../words/requirements.ts";
/**
 * Writes a number in at most three significant digits, as short as it goes: `0`, `0.345`, `1.5`,
 * `4021`, `4.2e-7`, `NaN`, `-Infinity`. Between 0.001 and 10000 it is written out, elsewhere with an
 * exponent; zero is always `0`, so that it is never mistaken for something small.
 *
 * @param value Any number.
 * @returns The text, at most 9 characters (10 with a minus).
 *
 * @example Small, large and none
 * ```ts
 * import { formatFigure } from "@gradient-health/gradient-health/render";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatFigure(4.2013e-7), "4.2e-7");
 * assertEquals(formatFigure(1.1625), "1.16");
 * assertEquals(formatFigure(0), "0");
 * ```
 */
export function formatFigure(value: number): string {
  requireValue("value", value, number);
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  // Four digits before the point are written out whole: 4021 is as short as 4020 and says more.
  const size = Math.abs(value);
  if (size >= 999.5 && size < 9999.5) return value.toFixed(0);
  // Round before choosing the form: 0.00099999 must become 0.001.
  const [digits, exponentText] = value.toExponential(2).split("e");
  const exponent = Number(exponentText);
  if (exponent < -3 || exponent > 3) return `${withoutTrailingZeros(digits)}e${exponent}`;
  return withoutTrailingZeros(value.toFixed(2 - exponent));
}

function withoutTrailingZeros(digits: string): string {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}
