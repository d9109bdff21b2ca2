import { list, number, object, requireValue } from "../words/shape.ts";
/**
 * Number of entries of a tensor with each binary exponent: entries x with 2^e <= |x| < 2^(e + 1).
 * Exponents from -40 to 40 are counted separately.
 */
export interface ExponentHistogram {
  /** Number of exact zeros. */
  zeros: number;
  /** Number of NaN or infinite entries. */
  nonFinite: number;
  /** Number of nonzero entries below 2^-40. */
  under: number;
  /** Exponent of the first of {@linkcode ExponentHistogram.counts}; 0 if there are none. */
  from: number;
  /** Number of entries with each exponent, up to the largest that occurs. */
  counts: number[];
  /** Number of finite entries of 2^41 or more. */
  over: number;
}

/**
 * Shares of the finite entries of a tensor that a narrower format cannot hold exactly, from 0 to 1.
 */
export interface FormatFit {
  /** Share above the largest number of the format. */
  over: number;
  /** Share that becomes subnormal, and so loses digits. */
  subnormal: number;
  /** Share below the smallest subnormal number, without zeros. */
  under: number;
}

/** Result of {@linkcode halfPrecisionFit}: a fit for each format. */
export interface HalfPrecisionFit {
  /** IEEE 754 binary16: up to 65504, normal from 2^-14, subnormal from 2^-24. */
  fp16: FormatFit;
  /** bfloat16: the exponents of float32. */
  bf16: FormatFit;
  /** FP8 E4M3 of the Open Compute Project: up to 448, normal from 2^-6, subnormal from 2^-9. */
  e4m3: FormatFit;
  /** The same after a scale for the tensor that takes its largest exponent to that of 448. */
  e4m3Scaled: FormatFit;
}

/** Exponents of the largest number of a format, of its smallest normal and smallest subnormal one. */
interface Range {
  most: number;
  normal: number;
  least: number;
}

/** The formats. */
const FORMATS = {
  fp16: { most: 15, normal: -14, least: -24 },
  bf16: { most: 127, normal: -126, least: -133 },
  e4m3: { most: 8, normal: -6, least: -9 },
};

const histogramShape = object({
  zeros: number,
  nonFinite: number,
  under: number,
  from: number,
  counts: list(number),
  over: number,
});

/**
 * Returns the shares of a tensor outside the range of the narrow formats used in training.
 *
 * Entries are classified by exponent: an entry with the exponent of the format's largest number
 * counts as inside, though 65504 and 448 are not the last numbers with theirs. Rounding up to the
 * smallest number is ignored. Entries below 2^-40 or of 2^41 or more count as inside bf16.
 *
 * @param histogram The exponents of a tensor, as `measure(model, batch, { histograms: true })`
 * counts them.
 * @throws {InputError} If the histogram is invalid.
 * @returns Shares of the finite entries, zeros included; 0 if there are none.
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
  const fit = ({ most, normal, least }: Range): FormatFit => ({
    over: (count((exponent) => exponent > most) + (most < LARGEST ? over : 0)) / finite,
    subnormal: count((exponent) => exponent >= least && exponent < normal) / finite,
    under: (count((exponent) => exponent < least) + (least > SMALLEST ? under : 0)) / finite,
  });
  const { fp16, bf16, e4m3 } = FORMATS;
  const shift = over > 0
    ? LARGEST - e4m3.most
    : from + counts.findLastIndex((count) => count > 0) - e4m3.most;
  const scaled = {
    most: e4m3.most + shift,
    normal: e4m3.normal + shift,
    least: e4m3.least + shift,
  };
  return { fp16: fit(fp16), bf16: fit(bf16), e4m3: fit(e4m3), e4m3Scaled: fit(scaled) };
}

/** Range of the exponents that a histogram counts separately. */
export const SMALLEST = -40, LARGEST = 40;
