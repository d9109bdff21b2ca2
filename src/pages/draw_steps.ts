import type { Tone } from "../core/text/verdicts.ts";
import { drawPieces, type StripVerdict } from "./draw_strips.ts";
import {
  type ColumnAxis,
  drawTicks,
  stepAxis,
  type ValueScale,
  valueScale,
} from "./column_axis.ts";
import { CHART } from "./draw_heat_map.ts";
import { type Markup, markup, PathData } from "./markup.ts";

/** A figure over the steps of a training. */
export interface Curve {
  /** Name at its end; empty if the title of the chart is enough. */
  name: string;
  /** Colour: that of a verdict, `other` for that of text, or `null` for that of data. */
  tone: Tone | "other" | null;
  /**
   * Value at each step: `null` if it was not measured, which leaves no gap, and not finite if it is
   * broken.
   */
  values: readonly (number | null)[];
}

/** Step at which something was found. */
export interface StepMark {
  step: number;
  tone: Tone;
  /** Text under the pointer. */
  words: string;
}

/** Figures over the steps of a training, to scale. */
interface StepChart {
  /** Steps of the values, ascending. */
  steps: readonly number[];
  curves: readonly Curve[];
  /** Unit of the steps, such as `batches`. */
  across: string;
  /** Value of a dashed line and its name. Default: none. */
  limit?: { name: string; value: number } | null;
  /** Range of healthy values, drawn as a band. Default: none. */
  band?: { from: number; to: number } | null;
  marks?: readonly StepMark[];
  /** Value that gets a ring and words. Default: none. */
  point?: { step: number; value: number; words: string } | null;
  /** Values that decide if the axis is logarithmic. Default: all. */
  judged?: readonly (number | null)[];
  /** Verdicts in a strip between the curves and the steps. Default: none. */
  strip?: StepStrip | null;
}

/** Verdicts, each from a step to the next. */
interface StepStrip {
  name: string;
  steps: readonly number[];
  verdicts: readonly StripVerdict[];
}

const HEIGHT = 130;
/** Room for the names at the ends of curves. */
const NAMES = 100;
/** Strip of verdicts below the curves, and the room above and below it. */
const STRIP_HEIGHT = 20;
const STRIP_MARGIN = 6;
/** Smallest distance between two names. */
const LINE = 15;
/** With more steps, values have no dots. */
const MAX_DOTS = 16;

/**
 * Draws curves over the steps of a training, to scale, on an axis that is logarithmic if their
 * values differ by a large factor. A value that is not finite is a cross at the top. Without names
 * the steps are in the same places as the columns of a heat map below (`stepAxis`).
 */
export function drawSteps(chart: StepChart): Markup {
  const { steps, curves, across, limit = null, band = null, marks = [], strip = null } = chart;
  const { point = null, judged } = chart;
  const { width, from, top } = CHART;
  const to = CHART.to - (limit !== null || curves.some(({ name }) => name !== "") ? NAMES : 0);
  const bottom = top + HEIGHT;
  const end = bottom + (strip === null ? 0 : STRIP_HEIGHT + 2 * STRIP_MARGIN);
  const axis = stepAxis(steps, { from, to });
  const values = curves.flatMap(({ values }) => values).filter(isFinite);
  const scale = valueScale(
    [...values, ...limit === null ? [] : [limit.value]],
    judged?.filter(isFinite),
  );
  const y = (value: number) => bottom - Math.min(1, Math.max(0, scale.at(value))) * HEIGHT;
  return markup`<svg class="steps" viewBox="0 0 ${width} ${
    end + CHART.bottom
  }" aria-hidden="true">${
    band === null || values.length === 0
      ? null
      : markup`<rect class="healthy-band" x="${from}" y="${Math.round(y(band.to))}" width="${
        to - from
      }" height="${Math.round(y(band.from) - y(band.to))}"/>`
  }${drawLines(scale, y, to)}${
    limit === null
      ? null
      : markup`<path class="limit-line" d="M${from} ${Math.round(y(limit.value))}H${to}"/>`
  }${curves.map((curve) => drawCurve(curve, axis, y))}${
    point === null ? null : drawPoint(point, axis, y)
  }${
    namesOf(curves, limit, y).map(({ name, tone, at }) =>
      markup`<text class="${tone}" x="${to + 10}" y="${Math.round(at) + 4}">${name}</text>`
    )
  }${strip === null ? null : drawStrip(strip, { axis, to, y: bottom + STRIP_MARGIN })}${
    drawTicks(axis, end)
  }<text x="${from - 24}" y="${end + 16}" text-anchor="end">${across}</text>${
    drawStepMarks(marks, axis, top, end)
  }</svg>`;
}

/** Draws a ring around a value, and its words on the side with more room. */
function drawPoint(
  { step, value, words }: NonNullable<StepChart["point"]>,
  { at }: ColumnAxis,
  y: (value: number) => number,
): Markup {
  const x = at(step);
  const top = Math.round(y(value));
  const isLeft = x < (CHART.from + CHART.to) / 2;
  return markup`<circle class="point" cx="${x}" cy="${top}" r="6"/><text class="other" x="${
    x + (isLeft ? 8 : -8)
  }" y="${top - 12}" text-anchor="${isLeft ? "start" : "end"}">${words}</text>`;
}

/** Draws verdicts on the axis of the curves above, so that each begins below its step. */
function drawStrip(
  { name, steps, verdicts }: StepStrip,
  { axis, to, y }: { axis: ColumnAxis; to: number; y: number },
): Markup {
  const edges = [...steps.map(axis.at), to];
  return markup`<text x="${CHART.from - 8}" y="${
    y + STRIP_HEIGHT / 2 + 4
  }" text-anchor="end">${name}</text><g class="verdicts">${
    drawPieces({ name, verdicts }, edges, { y, height: STRIP_HEIGHT, spare: CHART.to - to })
  }</g>`;
}

/** Draws the marks of steps over a chart or a heat map, from the top to the bottom of its rows. */
export function drawStepMarks(
  marks: readonly StepMark[],
  axis: ColumnAxis,
  top: number,
  bottom: number,
): Markup {
  return markup`${
    marks.map(({ step, tone, words }) =>
      markup`<path class="found ${tone}-line" d="M${axis.at(step)} ${
        top - 12
      }V${bottom}"><title>${words}</title></path>`
    )
  }`;
}

const isFinite = (value: number | null): value is number =>
  value !== null && Number.isFinite(value);

function drawCurve(
  { tone, values }: Curve,
  { centers }: ColumnAxis,
  y: (value: number) => number,
): Markup {
  const line = new PathData();
  const dots = new PathData();
  const broken = new PathData();
  for (const [i, value] of values.entries()) {
    if (isFinite(value)) {
      line.line(centers[i], y(value));
      dots.dot(centers[i], y(value));
      continue;
    }
    if (value === null) continue;
    line.lift();
    broken.cross(centers[i], CHART.top + 6, 4);
  }
  const color = tone === null ? "" : ` ${tone}-line`;
  return markup`<path class="curve${color}" d="${line.text}"/>${
    values.filter(isFinite).length > MAX_DOTS
      ? null
      : markup`<path class="dots${color}" d="${dots.text}"/>`
  }<path class="broken" d="${broken.text}"/>`;
}

function drawLines({ ticks, label }: ValueScale, y: (value: number) => number, to: number): Markup {
  const { from } = CHART;
  return markup`<path class="lines" d="${
    ticks.map((tick) => `M${from} ${Math.round(y(tick))}H${to}`).join("")
  }"/>${
    ticks.map((tick) =>
      markup`<text x="${from - 8}" y="${Math.round(y(tick)) + 4}" text-anchor="end">${
        label(tick)
      }</text>`
    )
  }`;
}

/** Returns the names at the ends of curves, apart from each other. */
function namesOf(
  curves: readonly Curve[],
  limit: StepChart["limit"],
  y: (value: number) => number,
): { name: string; tone: string; at: number }[] {
  const ends = curves.filter(({ name }) => name !== "").flatMap(({ name, tone, values }) => {
    const last = values.findLast(isFinite);
    return last === undefined ? [] : [{ name, tone: tone ?? "data", at: y(last) }];
  });
  const all = limit == null ? ends : [...ends, {
    name: limit.name,
    tone: "limit",
    at: y(limit.value),
  }];
  let last = -Infinity;
  return all.toSorted((a, b) => a.at - b.at).map(({ name, tone, at }) => {
    last = Math.max(at, last + LINE);
    return { name, tone, at: last };
  });
}

/** Style of charts over steps. */
export const STEPS_STYLE = `
.steps { display: block; width: 100%; height: auto; }
.trial .steps { max-width: 35rem; }
.steps text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft);
  font-variant-numeric: tabular-nums; }
.steps .error { fill: var(--error); } .steps .warning { fill: var(--warning); }
.steps .unjudged { fill: var(--unjudged); }
.steps .healthy { fill: var(--healthy); } .steps .changed { fill: var(--changed); }
.steps .data { fill: var(--data); } .steps .other { fill: var(--ink); }
.steps .curve { fill: none; stroke: var(--data); stroke-width: 2; stroke-linejoin: round; }
.steps .dots { fill: none; stroke: var(--data); stroke-width: 6; stroke-linecap: round; }
.steps .error-line, .found.error-line { stroke: var(--error); }
.steps .warning-line, .found.warning-line { stroke: var(--warning); }
.steps .unjudged-line { stroke: var(--unjudged); }
.steps .healthy-line, .found.healthy-line { stroke: var(--healthy); }
.steps .other-line { stroke: var(--ink); }
.steps .curve.other-line { stroke-dasharray: 5 3; }
.steps .changed-line, .found.changed-line { stroke: var(--changed); }
.steps .lines { fill: none; stroke: var(--line); }
.steps .point { fill: none; stroke: var(--ink); stroke-width: 1.5; }
.steps .tick { stroke: var(--soft); }
.steps .limit-line { fill: none; stroke: var(--soft); stroke-dasharray: 4 3; }
.steps .broken, .key .broken { fill: none; stroke: var(--error); stroke-width: 2; }
.found { fill: none; stroke-width: 1.5; stroke-dasharray: 4 3; }
@media (max-width: 48rem) { .steps text { font-size: 16px; } }
`;
