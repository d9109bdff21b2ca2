import { arrayOf, number, objectWith, requireValue } from "../words/requirements.ts";
/**
 * How many entries of a tensor have each binary exponent: the entries x with 2^e <= |x| < 2^(e + 1). Exponents from
 * -40 to 40 are counted apart.
 */
export interface ExponentHistogram {
  /** Exact zeros. */
  zeros: number;
  /** Entries that are NaN or infinite. */
  nonFinite: number;
  /** Entries below 2^-40, not 0. */
  under: number;
  /** The exponent of the first of {@linkcode ExponentHistogram.counts}; 0 where there are none. */
  from: number;
  /** How many entries have each exponent from there on, up to the largest that occurs. */
  counts: number[];
  /** Finite entries of 2^41 and more. */
  over: number;
}

/** What becomes of the finite entries of a tensor in a narrower format, as shares of them, from 0 to 1. */
export interface FormatFit {
  /** Share beyond the largest number of the format. */
  over: number;
  /** Share that is a subnormal number there, and so loses digits. */
  subnormal: number;
  /** Share below the smallest subnormal number, zeros not counted. */
  under: number;
}

/** What {@linkcode halfPrecisionFit} returns: a fit for each format. */
export interface HalfPrecisionFit {
  /** IEEE 754 binary16: up to 65504, normal from 2^-14, subnormal from 2^-24. */
  fp16: FormatFit;
  /** bfloat16: the exponents of float32. */
  bf16: FormatFit;
  /** FP8 E4M3 of the Open Compute Project: up to 448, normal from 2^-6, subnormal from 2^-9. */
  e4m3: FormatFit;
}

/** The exponents of the largest number of a format, of the smallest normal and of the smallest subnormal one. */
const FORMATS: Record<keyof HalfPrecisionFit, { most: number; normal: number; least: number }> = {
  fp16: { most: 15, normal: -14, least: -24 },
  bf16: { most: 127, normal: -126, least: -133 },
  e4m3: { most: 8, normal: -6, least: -9 },
};

const histogramShape = objectWith({
  zeros: number,
  nonFinite: number,
  under: number,
  from: number,
  counts: arrayOf(number),
  over: number,
});

/**
 * Tells which share of a tensor lies outside of the narrow formats that networks are trained in.
 *
 * Entries are known by their exponents: one with the exponent of the format's largest number counts as inside,
 * though 65504 and 448 are not the last of theirs; nor is rounding up to the smallest number counted. What lies
 * below 2^-40 or from 2^41 on counts as inside bf16.
 *
 * @param histogram The exponents of a tensor, as `measure(model, batch, { histograms: true })` counts them.
 * @throws {TypeError} If the histogram is none.
 * @returns Shares of the finite entries, zeros among them; 0 where there are none.
 *
 * @example Gradients of which half would be lost in fp16
 * ```ts
 * import { halfPrecisionFit } from "@gradient-health/gradient-health/theory";
 * import { assertEquals } from "@std/assert";
 *
 * const gradients = { zeros: 0, nonFinite: 0, under: 0, from: -25, counts: [8, 0, 8], over: 0 };
 * assertEquals(halfPrecisionFit(gradients).fp16, { over: 0, subnormal: 0.5, under: 0.5 });
 * ```
 */
export function halfPrecisionFit(histogram: ExponentHistogram): HalfPrecisionFit {
  requireValue("histogram", histogram, histogramShape);
  const { zeros, under, from, counts, over } = histogram;
  const counted = counts.reduce((sum, count) => sum + count, 0);
  const finite = Math.max(1, zeros + under + counted + over);
  const count = (is: (exponent: number) => boolean) =>
    counts.reduce((sum, count, i) => is(from + i) ? sum + count : sum, 0);
  const fit = ({ most, normal, least }: typeof FORMATS.fp16): FormatFit => ({
    over: (count((exponent) => exponent > most) + (most < LARGEST ? over : 0)) / finite,
    subnormal: count((exponent) => exponent >= least && exponent < normal) / finite,
    under: (count((exponent) => exponent < least) + (least > SMALLEST ? under : 0)) / finite,
  });
  return { fp16: fit(FORMATS.fp16), bf16: fit(FORMATS.bf16), e4m3: fit(FORMATS.e4m3) };
}

/** The exponents that a histogram counts apart. */
export const SMALLEST = -40, LARGEST = 40;
