import { roundTo } from "../words/numbers.ts";
import { showValue } from "../words/show_value.ts";
import { showWord } from "../words/show_word.ts";
import { requireDistinct } from "./flag_kinds.ts";
import { UsageError } from "./usage_error.ts";

/** Default number of scales per factor of ten. */
const SCALES_PER_DECADE = 10;
const MAX_SCALES = 10_000;

/**
 * Reads `--scale`: a range `0.001..1000`, evenly spaced by logarithm, ten per factor of ten; a
 * range with its number of scales, `0.001..1000:25`; or a list, `0.5,1,2`. A number may be a
 * fraction, `1/894`. Inner scales of a range are rounded to four digits.
 *
 * @throws {UsageError} If it is none of these, or names a scale twice.
 */
export function parseScales(text: string, place: string): number[] {
  const wrong = () =>
    new UsageError(
      `${place} is ${showValue(text)}, expected a range such as 0.001..1000 or 0.001..1000:25, ` +
        `or a list such as 0.5,1,2 of numbers above 0`,
    );
  const number = (part: string) => {
    const [, numerator, denominator = "1"] =
      /^\s*(\d*\.?\d+(?:e[+-]?\d+)?)(?:\/(\d*\.?\d+(?:e[+-]?\d+)?))?\s*$/i.exec(part) ?? [];
    const value = Number(numerator) / Number(denominator);
    if (numerator === undefined || !(value > 0 && value < Infinity)) throw wrong();
    return value;
  };
  const range = text.split("..");
  if (range.length === 1) return requireDistinct(text.split(",").map(number), place);
  const [end, count, ...more] = range[1].split(":");
  const [from, to] = [number(range[0]), number(end)];
  if (range.length > 2 || more.length > 0 || to < from) throw wrong();
  const decades = Math.log10(to / from);
  const steps = count === undefined
    ? Math.max(1, Math.round(decades * SCALES_PER_DECADE))
    : Number(count) - 1;
  if (count !== undefined && !(/^\d+$/.test(count) && steps >= 1 && steps < MAX_SCALES)) {
    throw new UsageError(
      `${place} is ${showValue(text)} with ${showWord(count)} scales, expected 2 to ${MAX_SCALES}`,
    );
  }
  if (from === to) return [from];
  return Array.from({ length: steps + 1 }, (_, i) => {
    if (i === 0) return from;
    if (i === steps) return to;
    return roundTo(4, from * 10 ** (decades * i / steps));
  });
}
