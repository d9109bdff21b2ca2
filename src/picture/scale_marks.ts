import { SIGNAL_BAND } from "../render/report_charts.ts";
import { studyCharts } from "../render/study_charts.ts";
import { troubleOf } from "../render/study_words.ts";
import type { ScaleSummary, VariantSummary } from "../study/study_summary.ts";
import { formatNumber } from "../words/numbers.ts";
import { type ColumnAxis, scaleAxis } from "./column_axis.ts";
import type { Strip, StripVerdict } from "./draw_strips.ts";
import { type Markup, markup } from "./markup.ts";
import { crossing, type VariantView } from "./study_view.ts";

/**
 * Draws the marks over every chart of a variant: the healthy band, the best scale, theory's scale,
 * and the slider's scale.
 */
export function drawScaleMarks(view: VariantView): (top: number, bottom: number) => Markup {
  const { variant: { band, best }, axis, critical, start } = view;
  return (top, bottom) =>
    markup`${band === null ? null : drawBand(axis, band, top, bottom)}${
      critical === null
        ? null
        : markup`<path class="theory" d="M${axis.at(critical)} ${top - 6}V${bottom}"/>`
    }${best === null ? null : drawBest(axis.at(best.scale), top)}<path class="cursor" d="M${
      axis.centers[start]
    } ${top - 2}V${bottom + 5}"/>`;
}

/** Draws a bracket above the healthy scales, with lines down at both ends. */
function drawBand(
  axis: ColumnAxis,
  { from, to }: { from: number; to: number },
  top: number,
  bottom: number,
): Markup {
  // The band of a single scale is the column of that scale.
  const place = axis.edges.findLastIndex((edge) => edge <= axis.at(from));
  const [left, right] = from === to
    ? [axis.edges[place], axis.edges[place + 1]]
    : [axis.at(from), axis.at(to)];
  return markup`<path class="band" d="M${left} ${bottom}V${top - 4}H${right}V${bottom}"/>`;
}

function drawBest(x: number, top: number): Markup {
  return markup`<path class="top-scale" d="M${x - 5} ${top - 14}h10l-5 8z"/>`;
}

/**
 * Problem of a variant at a scale, in words and by rule; `null` if half of the draws or more are
 * healthy.
 */
export interface ScaleVerdict extends StripVerdict {
  rule: string | null;
}

/** Returns the verdict at each scale of a variant. */
export function verdictsOf(variant: VariantSummary, rules: readonly string[]): ScaleVerdict[] {
  const pivot = variant.best?.scale ?? variant.balanced ?? 1;
  return studyCharts(variant, rules).verdicts.map((rule, i) => {
    const side = variant.scales[i].scale < pivot ? "below" : "above";
    return rule === null
      ? { rule, ...HEALTHY }
      : { rule, paint: CLASSES[rule]?.[side] ?? "else", words: troubleOf(rule)?.[side] ?? rule };
  });
}

/** Formats the verdict at a scale with its number of draws: `healthy in 5 of 5 draws`. */
export function verdictWords({ rule, words }: ScaleVerdict, scale: ScaleSummary): string {
  const count = rule === null ? scale.healthy : scale.failed[rule] ?? 0;
  return `${words} in ${count} of ${scale.draws} ${scale.draws === 1 ? "draw" : "draws"}`;
}

/** Colours of verdicts, which are also colours of the heat maps: blue fades, orange grows. */
const CLASSES: Record<string, Record<"below" | "above", string>> = {
  "vanishing-gradients": { below: "b3", above: "b3" },
  "exploding-gradients": { below: "o3", above: "o3" },
  "activation-scale": { below: "b5", above: "o5" },
  "saturated-activations": { below: "s3", above: "s3" },
  "dead-units": { below: "s5", above: "s5" },
  "non-finite": { below: "over", above: "over" },
};

/** Returns the strips of variants, and an axis for all of them that is as wide as `span`. */
export function stripsOf(
  variants: readonly VariantSummary[],
  rules: readonly string[],
  span: { from: number; to: number },
): { strips: Strip[]; axis: ColumnAxis } {
  const scales = scalesOf(variants);
  const axis = scaleAxis(scales, span);
  const strips = variants.map((variant): Strip => {
    const verdicts = verdictsOf(variant, rules);
    const known = new Map(variant.scales.map(({ scale }, i) => [scale, verdicts[i]]));
    return {
      name: variant.label,
      verdicts: scales.map((scale) => known.get(scale) ?? null),
      best: variant.best === null ? null : axis.at(variant.best.scale),
    };
  });
  return { strips, axis };
}

/** Returns the scales of all variants, ascending. */
export function scalesOf(variants: readonly VariantSummary[]): number[] {
  return [...new Set(variants.flatMap(({ scales }) => scales.map(({ scale }) => scale)))]
    .sort((a, b) => a - b);
}

export const HEALTHY: StripVerdict = { paint: "well", words: "healthy" };

/**
 * Returns the scales, by name, at which theory's delta ratio crosses 1 and the ends of the healthy
 * band.
 */
export function theoryScales(
  variant: VariantSummary,
): Record<"low" | "even" | "high", number | null> {
  const near = variant.best?.scale ?? variant.balanced ?? 1;
  const at = (level: number) => crossing(variant.scales, level, near);
  return { low: at(SIGNAL_BAND.from), even: at(1), high: at(SIGNAL_BAND.to) };
}

export interface Mark {
  sample: Markup;
  /** Meaning. */
  words: string;
}

/** Marks of figures without a colour. */
export const VALUE_MARKS: readonly (Mark & { color: string })[] = [
  { color: "nil", sample: markup`<path class="nil-mark" d="M12 7h0"/>`, words: "exactly 0" },
  {
    color: "nan",
    sample: markup`<path class="nan-mark" d="M9 4l6 6m0-6l-6 6"/>`,
    words: "NaN or infinite",
  },
];

/** Returns the marks over a heat map. */
export function scaleMarks(isSick: boolean): Mark[] {
  return [
    ...isSick ? [] : [
      { sample: markup`<path class="band" d="M3 14V3H21V14"/>`, words: "healthy scales" },
      { sample: markup`<path class="top-scale" d="M7 3h10l-5 8z"/>`, words: "best scale" },
    ],
    {
      sample: markup`<path class="theory" d="M12 0V14"/>`,
      words: "deltas keep their size in theory",
    },
  ];
}

export function marksKey(isSick: boolean): Markup {
  const cursor = markup`<path class="cursor" d="M12 0V14"/>`;
  return markup`<ul class="key">${scaleMarks(isSick).map(keyItem)}<li class="when-live" hidden>${
    sampleOf(cursor)
  }scale of the slider</li>
  ${VALUE_MARKS.map(keyItem)}</ul>`;
}

export function keyItem({ sample, words }: Mark): Markup {
  return markup`<li>${sampleOf(sample)}${words}</li>
  `;
}

function sampleOf(path: Markup): Markup {
  return markup`<svg viewBox="0 0 24 14" width="24" height="14" aria-hidden="true">${path}</svg>`;
}

/** Formats a ratio for a cell. */
export function ratioText(ratio: number | null | undefined): string {
  return ratio === null || ratio === undefined ? "" : formatNumber(ratio);
}
