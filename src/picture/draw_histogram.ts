import type { TensorStatistics } from "../measure/measurements.ts";
import { type ExponentHistogram, halfPrecisionFit } from "../theory/half_precision_fit.ts";
import { formatCount, formatNumber, formatPercent } from "../words/numbers.ts";
import { type Markup, markup } from "./markup.ts";

/** Range of exponents of all histograms of a page, so that they can be compared. */
export interface BinRange {
  from: number;
  to: number;
}

const WIDTH = 240;
const HEIGHT = 64;
/**
 * binary16 has normal numbers from 2^-14 to 2^15, and subnormal ones, with fewer digits, from
 * 2^-24.
 */
const FP16 = { subnormal: -24, normal: -14, last: 15 };

/** Returns the range that contains all histograms and the limits of half precision. */
export function binRange(all: readonly ExponentHistogram[]): BinRange {
  const known = all.filter(({ counts }) => counts.length > 0);
  return {
    from: Math.min(FP16.subnormal - 4, ...known.map(({ from }) => from)),
    to: Math.max(FP16.last + 2, ...known.map(({ from, counts }) => from + counts.length - 1)),
  };
}

/**
 * Draws the background of all histograms once: the range of half precision, and the ticks of the
 * axis.
 */
export function histogramGround(id: string, range: BinRange): Markup {
  const x = placeOn(range);
  const ticks = [[FP16.subnormal, "2⁻²⁴"], [FP16.normal, "2⁻¹⁴"], [0, "1"], [
    FP16.last + 1,
    "2¹⁶",
  ]] as const;
  return markup`<svg class="defs" width="0" height="0" aria-hidden="true"><defs><g id="${id}" class="hb">
    <rect class="sub" x="${x(FP16.subnormal)}" width="${
    x(FP16.normal) - x(FP16.subnormal)
  }" height="${HEIGHT}"/>
    <rect x="${x(FP16.normal)}" width="${x(FP16.last + 1) - x(FP16.normal)}" height="${HEIGHT}"/>
    <line x2="${WIDTH}" y1="${HEIGHT}" y2="${HEIGHT}"/>
    ${
    ticks.map(([at, label]) =>
      markup`<text x="${x(at)}" y="${HEIGHT + 13}" text-anchor="middle">${label}</text>`
    )
  }
    </g></defs></svg>`;
}

/**
 * Draws the number of a tensor's entries for each binary exponent; nothing if they were not
 * counted.
 */
export function drawHistogram(
  title: string,
  statistics: TensorStatistics,
  ground: string,
  range: BinRange,
): Markup {
  const { exponents, rms, zeroFraction, nonFinite } = statistics;
  if (exponents === undefined) return markup``;
  const { from, counts } = exponents;
  const most = Math.max(1, ...counts);
  const x = placeOn(range);
  const bars = (isIn: (exponent: number) => boolean) => {
    const shown = counts.flatMap((count, i) =>
      count > 0 && isIn(from + i) ? [{ count, at: from + i }] : []
    );
    return shown.map(({ count, at }) => {
      const height = Math.max(1, round(HEIGHT * 0.94 * count / most));
      return `M${x(at)} ${HEIGHT}v-${height}h${round(x(at + 1) - x(at) - 0.6)}v${height}z`;
    }).join("");
  };
  const fits = (exponent: number) => exponent >= FP16.subnormal && exponent <= FP16.last;
  const out = bars((exponent) => !fits(exponent));
  const facts = [
    `rms ${formatNumber(rms)}`,
    ...zeroFraction > 0 ? [`${percent(zeroFraction)} zero`] : [],
    ...lossOf(exponents),
    ...nonFinite > 0 ? [`${formatCount(nonFinite, "entry", "entries")} NaN or infinite`] : [],
  ].join(", ");
  return markup`<figure class="hist"><svg viewBox="-4 0 ${WIDTH + 16} ${
    HEIGHT + 16
  }" role="img" aria-label="${title}: ${mostOf(exponents)}"><use href="#${ground}"/><path d="${
    bars(fits)
  }"/>${
    out === "" ? null : markup`<path class="out" d="${out}"/>`
  }</svg><figcaption><b>${title}</b> ${facts}</figcaption></figure>`;
}

/** Describes where most entries are, for screen readers. */
function mostOf({ from, counts }: ExponentHistogram): string {
  if (counts.length === 0) return "no entry between 2^-40 and 2^41";
  const top = counts.indexOf(Math.max(...counts));
  const last = from + counts.length;
  return `entries from 2^${from} to 2^${last}, most from 2^${from + top} to 2^${from + top + 1}`;
}

/** Describes the loss in half precision, if any. */
function lossOf(histogram: ExponentHistogram): string[] {
  const { over, subnormal, under } = halfPrecisionFit(histogram).fp16;
  return [
    ...over > 0 ? [`${percent(over)} too large for fp16`] : [],
    ...under > 0 ? [`${percent(under)} lost in fp16`] : [],
    ...subnormal > 0 ? [`${percent(subnormal)} subnormal in fp16`] : [],
  ];
}

/** Formats a share without a line break before its sign. */
const percent = (share: number) => formatPercent(share).replaceAll(" ", "\u00a0");

function placeOn({ from, to }: BinRange): (exponent: number) => number {
  return (exponent) => round(WIDTH * (exponent - from) / (to + 1 - from));
}

const round = (value: number) => Math.round(value * 10) / 10;
