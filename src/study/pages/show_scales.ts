import { SIGNAL_BAND } from "../../core/text/report_charts.ts";
import { studyCharts } from "../text/study_charts.ts";
import { troubleOf } from "../text/study_words.ts";
import type { ScaleSummary, VariantSummary } from "../study_summary.ts";
import { formatFactor, formatNumber } from "../../ground/words/numbers.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { byMagnitude, DECADES, magnitudeKey } from "../../pages/color_steps.ts";
import { type ColumnAxis, drawTicks, scaleAxis } from "../../pages/column_axis.ts";
import {
  CHART,
  drawCells,
  keyItem,
  type Mark,
  sampleOf,
  VALUE_MARKS,
} from "../../pages/draw_heat_map.ts";
import type { Strip, StripVerdict } from "../../pages/draw_strips.ts";
import { type Markup, markup } from "../../pages/markup.ts";
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
function scalesOf(variants: readonly VariantSummary[]): number[] {
  return [...new Set(variants.flatMap(({ scales }) => scales.map(({ scale }) => scale)))]
    .sort((a, b) => a - b);
}

export const HEALTHY: StripVerdict = { paint: "well", words: "healthy" };

/**
 * Returns the scales, by name, at which theory's delta ratio crosses 1 and the ends of the healthy
 * band.
 */
function theoryScales(
  variant: VariantSummary,
): Record<"low" | "even" | "high", number | null> {
  const near = variant.best?.scale ?? variant.balanced ?? 1;
  const at = (level: number) => crossing(variant.scales, level, near);
  return { low: at(SIGNAL_BAND.from), even: at(1), high: at(SIGNAL_BAND.to) };
}

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

/** Formats a ratio for a cell. */
export function ratioText(ratio: number | null | undefined): string {
  return ratio === null || ratio === undefined ? "" : formatNumber(ratio);
}

/** Networks that differ in depth alone. */
interface Phases {
  label: string;
  variants: VariantSummary[];
}

/** Groups the variants that differ in depth alone, if there are several depths. */
export function phasesOf(variants: readonly VariantSummary[]): Phases[] {
  const groups = Map.groupBy(
    variants.filter(({ depth }) => depth !== null),
    ({ activation, initializer, width }) => JSON.stringify([activation, initializer, width]),
  );
  return [...groups.values()].filter((group) => group.length > 1).map((group) => ({
    label: group[0].label.replace(/, depth \d+|^depth \d+(, )?/, "") || "model",
    variants: group.toSorted((a, b) => a.depth! - b.depth!),
  }));
}

export const PHASE_MARKS: readonly Mark[] = [
  {
    sample: markup`<rect class="phase-well" x="3" y="2" width="18" height="10"/>`,
    words: "healthy scales",
  },
  { sample: markup`<path class="theory" d="M1 7h22"/>`, words: "delta ratio of 1 in theory" },
  { sample: markup`<path class="theory-end" d="M1 7h22"/>`, words: "1/1000 and 1000 in theory" },
];

/**
 * Shows the phase diagrams of a study: depth by scale, coloured by the delta ratio, with theory's
 * curves.
 */
export function showPhases(phases: readonly Phases[]): Markup {
  return markup`<p>From top to bottom the networks grow deeper, from left to right their kernels grow. Blue: deltas fade
    on their way from the last hidden layer to the first; orange: they grow. The healthy scales close in on the
    scale at which deltas keep their size.</p>
    <ul class="key">${PHASE_MARKS.map(keyItem)}<li>${magnitudeKey(DECADES)}</li></ul>
    <div class="wide">${phases.map(showPhase)}</div>`;
}

function showPhase({ label, variants }: Phases): Markup {
  return markup`<figure class="heat"><figcaption class="name"><bdi>${
    escapeControls(label)
  }</bdi></figcaption>${drawPhases(variants)}
  <details><summary>Table</summary><div class="scroll" tabindex="0" role="group" aria-label="Depths"><table><thead><tr>
  <th scope="col">depth<th scope="col">healthy scales<th scope="col">best<th scope="col">delta ratio of 1 in theory at</tr></thead><tbody>${
    variants.map((variant) => {
      const { depth, band, best } = variant;
      const { even } = theoryScales(variant);
      return markup`<tr><th scope="row">${depth!}<td>${
        band === null ? "none" : `${formatFactor(band.from)} to ${formatFactor(band.to)}`
      }<td>${best === null ? "" : formatFactor(best.scale)}<td>${ratioText(even)}</tr>`;
    })
  }</tbody></table></div></details></figure>`;
}

/** Draws a phase diagram of networks that differ in depth alone, the shallowest first. */
export function drawPhases(variants: readonly VariantSummary[]): Markup {
  const scales = scalesOf(variants);
  const axis = scaleAxis(scales, CHART);
  const { width, from, top } = CHART;
  const row = Math.max(14, Math.min(44, Math.round(220 / variants.length)));
  const bottom = top + row * variants.length;
  const colorOf = byMagnitude(DECADES);
  const rows = variants.map((variant) => {
    const ratios = new Map(variant.scales.map(({ scale, deltaRatio }) => [scale, deltaRatio]));
    return scales.map((scale) => colorOf(ratios.get(scale)?.median ?? null));
  });
  return markup`<svg viewBox="0 0 ${width} ${bottom + 24}" aria-hidden="true">${
    variants.map(({ depth }, i) =>
      markup`<text x="${from - 8}" y="${
        top + (i + 0.5) * row + 4
      }" text-anchor="end">${depth!}</text>`
    )
  }<text x="${from - 8}" y="${top - 6}" text-anchor="end">depth</text>${
    drawCells(rows, axis, top, row)
  }${
    variants.map(({ band }, i) =>
      band === null
        ? null
        : markup`<rect class="phase-well" x="${axis.at(band.from)}" y="${
          top + i * row + 2
        }" width="${Math.max(3, Math.round(axis.at(band.to) - axis.at(band.from)))}" height="${
          row - 4
        }"/>`
    )
  }${drawTheory(variants, axis, row)}${drawTicks(axis, bottom)}<text x="${from - 24}" y="${
    bottom + 16
  }" text-anchor="end">scale</text></svg>`;
}

/** Draws theory's curves from depth to depth; they have gaps if theory has no prediction. */
function drawTheory(variants: readonly VariantSummary[], axis: ColumnAxis, row: number): Markup {
  const all = variants.map(theoryScales);
  const curve = (name: "low" | "even" | "high") => {
    let isDrawn = false;
    return all.map(({ [name]: scale }, i) => {
      const move = isDrawn ? "L" : "M";
      isDrawn = scale !== null;
      if (scale === null) return "";
      const x = axis.at(scale);
      const y = CHART.top + i * row;
      return `${move}${x} ${y}V${y + row}`;
    }).join("");
  };
  return markup`<path class="theory" d="${curve("even")}"/><path class="theory-end" d="${
    curve("low") + curve("high")
  }"/>`;
}
