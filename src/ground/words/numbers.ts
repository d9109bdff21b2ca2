import { number, requireValue } from "./shape.ts";

/**
 * Rules for every number that a reader sees: at most three significant digits, no trailing zeros,
 * and rounding never turns a value into zero or a share into all.
 */

/**
 * Writes a number as briefly as possible, in at most three significant digits: `0`, `0.345`, `1.5`,
 * `4021`, `4.2e-7`, `NaN`, `-Infinity`. Numbers between 0.001 and 10000 are written out, others
 * with an exponent. Zero is always `0`, so it cannot be mistaken for something small.
 *
 * @param value Any number.
 * @returns The text, at most 9 characters (10 with a minus).
 *
 * @example Small, large and none
 * ```ts
 * import { formatNumber } from "@gradient-health/gradient-health/render";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatNumber(4.2013e-7), "4.2e-7");
 * assertEquals(formatNumber(1.1625), "1.16");
 * assertEquals(formatNumber(0), "0");
 * ```
 */
export function formatNumber(value: number): string {
  requireValue("value", value, number);
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  // Keep four digits before the point: 4021 is as short as 4020 and more exact.
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

/** Writes a factor: `1.41`, `0.79`, and below 0.1 as a fraction, `1/894`. */
export function formatFactor(factor: number): string {
  return factor > 0 && factor < 0.1 ? `1/${formatNumber(1 / factor)}` : formatNumber(factor);
}

/** Writes a share in a sentence: `45 %`, `99.6 %`. Rounding never yields `0 %` or `100 %`. */
export function formatPercent(share: number): string {
  const rounded = Math.round(share * 1000) / 10;
  if (rounded === 100 && share < 1) return "> 99.9 %";
  if (rounded === 0 && share > 0) return "< 0.1 %";
  return `${rounded} %`;
}

/**
 * Writes a share in a column of four characters: `45%`, `<1%`. Rounding never yields `0%` or
 * `100%`.
 */
export function formatShare(share: number): string {
  if (!Number.isFinite(share)) return String(share);
  const rounded = Math.round(share * 100);
  if (share > 0 && rounded < 1) return "<1%";
  if (share < 1 && rounded > 99) return ">99%";
  return `${rounded}%`;
}

/** Writes a noun with its number: `1 example`, `4,021 parameters`, `2 passes`. */
export function formatCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatWhole(count)} ${count === 1 ? noun : plural}`;
}

/** Writes a whole number with all its digits: `4,021`. */
export function formatWhole(count: number): string {
  // `toLocaleString` takes 9 ms the first time, to load the rules of all languages.
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Writes an amount of memory: `2.3 GiB`, `16.5 KiB`. */
export function formatMemory(bytes: number): string {
  const [unit, size] =
    (["KiB", "MiB"] as const).map((unit, i) => [unit, 2 ** (10 * (i + 1))] as const).find((
      [, size],
    ) => bytes < size * 1000) ?? ["GiB", 2 ** 30];
  return `${(bytes / size).toFixed(1)} ${unit}`;
}

/** Writes a short duration: `0.42 s`. */
export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

/** Writes a long duration in at most two units: `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min${whole % 60 === 0 ? "" : ` ${whole % 60} s`}`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
}

/** Rounds a number to the given count of significant digits. */
export function roundTo(digits: number, value: number): number {
  return Number(value.toPrecision(digits));
}
