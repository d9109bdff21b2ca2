import { formatFactor, formatNumber, formatWhole, roundTo } from "../ground/words/numbers.ts";
import { type Markup, markup, powerOfTen, toTenth } from "./markup.ts";

/** Axis of columns side by side, one for each scale or step. */
export interface ColumnAxis {
  /** Left edge of each column, and the right edge of the last one. */
  edges: number[];
  /** Centre of each column. */
  centers: number[];
  /** Returns the place of a value, also between columns; of a value outside, the nearer end. */
  at: (value: number) => number;
  /** Labels below the axis, with their places. */
  ticks: { x: number; label: string }[];
}

/** Range of the columns in a drawing. */
interface Span {
  from: number;
  to: number;
}

/** If the scales span fewer powers of ten, the labels below the axis are scales instead. */
const LEAST_DECADES = 3;
const MOST_TICKS = 7;
/** Distance of two labels. */
const LEAST_SPACING = 36;

/** Creates an axis on which scales are placed by their logarithm. */
export function scaleAxis(scales: readonly number[], span: Span): ColumnAxis {
  const logs = scales.map((scale) => Math.log10(scale));
  const edges = edgesBetween(logs);
  const ends = [edges[0], edges[edges.length - 1]];
  const place = placeIn(ends[0], ends[1], span);
  const decades = Array.from(
    { length: Math.floor(ends[1]) - Math.ceil(ends[0]) + 1 },
    (_, i) => Math.ceil(ends[0]) + i,
  );
  const step = Math.ceil(decades.length / (MOST_TICKS + 1));
  return {
    edges: edges.map(place),
    centers: logs.map(place),
    at: (scale) => place(Math.log10(scale)),
    ticks: decades.length >= LEAST_DECADES
      ? decades.filter((decade) => decade % step === 0).map((decade) => ({
        x: place(decade),
        label: powerOfTen(decade),
      }))
      : some(scales).map((scale) => ({ x: place(Math.log10(scale)), label: formatFactor(scale) })),
  };
}

/** Creates an axis on which steps are placed to scale, each in the middle of its column. */
export function stepAxis(steps: readonly number[], span: Span): ColumnAxis {
  const edges = edgesBetween(steps);
  const place = placeIn(edges[0], edges[edges.length - 1], span);
  return {
    edges: edges.map(place),
    centers: steps.map(place),
    at: place,
    ticks: apart(wholeTicks(steps).map((step) => ({ x: place(step), label: formatWhole(step) }))),
  };
}

/** Returns round steps between the first and the last one. */
function wholeTicks(steps: readonly number[]): number[] {
  const first = steps[0];
  const last = steps[steps.length - 1];
  const step = Math.max(1, niceStep(last - first, MOST_TICKS));
  const from = Math.ceil(first / step);
  const count = Math.floor(last / step) - from + 1;
  return count < 1 ? [first] : Array.from({ length: count }, (_, i) => (from + i) * step);
}

/** Leaves out labels that would overlap the one before. */
function apart(ticks: ColumnAxis["ticks"]): ColumnAxis["ticks"] {
  let end = -Infinity;
  return ticks.filter(({ x }) => {
    if (x - end < LEAST_SPACING) return false;
    end = x;
    return true;
  });
}

/** Returns the edges of columns around values: halfway to the next, and as far beyond the ends. */
function edgesBetween(values: readonly number[]): number[] {
  const last = values.length - 1;
  if (last < 1) return [values[0] - 0.5, values[0] + 0.5];
  const inner = values.slice(1).map((value, i) => (values[i] + value) / 2);
  return [2 * values[0] - inner[0], ...inner, 2 * values[last] - inner[last - 1]];
}

/** Draws the labels of an axis, and a tick above each. */
export function drawTicks({ ticks }: ColumnAxis, y: number): Markup {
  return markup`<path class="tick" d="${ticks.map(({ x }) => `M${x} ${y}v4`).join("")}"/>${
    ticks.map(({ x, label }) =>
      markup`<text x="${x}" y="${y + 16}" text-anchor="middle">${label}</text>`
    )
  }`;
}

function placeIn(from: number, to: number, span: Span): (value: number) => number {
  return (value) => {
    const share = Math.min(1, Math.max(0, (value - from) / (to - from)));
    return toTenth(span.from + share * (span.to - span.from));
  };
}

function some(values: readonly number[]): number[] {
  const step = Math.ceil(values.length / MOST_TICKS);
  return values.filter((_, i) => i % step === 0);
}

/** Style of charts over scales or over steps. */
export const COLUMN_STYLE = `
.wide { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)); gap: 1.5rem 2.5rem;
  margin: 0 0 1.5rem; }
.wide svg, .verdicts { display: block; width: 100%; height: auto; }
.wide figure { display: flex; flex-direction: column; }
.wide figcaption { margin-bottom: .35rem; }
.wide text, .verdicts text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft);
  font-variant-numeric: tabular-nums; }
.verdicts text { font-size: 13px; fill: var(--ink); }
.plain { border: 0; margin-bottom: .5rem; }
.cursor { fill: none; stroke: var(--ink); stroke-width: 2; display: none; }
.live .cursor, .key .cursor { display: inline; }
.wide .ramp svg, .key svg { display: inline-block; width: auto; margin: 0 .3rem 0 0; vertical-align: -1px; }
.wide .ramp text, .key .ramp text { font-size: 11px; }
.key .ramp { margin: 0; }
.slide { display: none; }
.live .slide { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .9rem; position: sticky; top: 0;
  z-index: 1; margin: 0 0 .75rem; padding: .75rem 0; background: var(--paper);
  border-bottom: 1px solid var(--line); }
.slide input { flex: 1 1 8rem; min-width: 6rem; padding: 0; border: 0; accent-color: var(--data); }
.said { flex: 1 0 100%; min-height: 1.5em; font-size: .9375rem; }
.live .still { display: none; }
.at { display: none; --line-of: var(--data); }
.at.lo, .at.best, .at.hi { display: inline; }
.live .at { display: none; }
.live .at.best, .live .at.on { display: inline; }
.curve, .at path { fill: none; stroke: var(--line-of, var(--data)); stroke-width: 2; }
.dots, .at path:last-child { fill: none; stroke: var(--line-of, var(--data)); stroke-width: 6; stroke-linecap: round; }
.at .range { fill: var(--line-of, var(--data)); fill-opacity: .18; stroke: none; }
.lo { --line-of: var(--data); }
.hi { --line-of: var(--warning); }
.best { --line-of: var(--healthy); }
.lo .curve, .lo path:nth-last-child(2) { stroke-dasharray: 2 3; }
.hi .curve, .hi path:nth-last-child(2) { stroke-dasharray: 7 3; }
.live .at.best:not(.on) path:not(:nth-last-child(2)) { display: none; }
.live .best .curve, .live .best path:nth-last-child(2) { stroke-dasharray: 5 4; }
.live .on, .now { --line-of: var(--data); }
.live .on path:nth-last-child(2) { stroke-dasharray: none; }
.live .heat svg[data-row] { cursor: crosshair; touch-action: pan-y; }
.tables { display: flex; flex-wrap: wrap; gap: .25rem 2rem; }
.tables details[open] { flex: 1 0 100%; min-width: 0; }
.name { font-weight: 600; font-size: .9375rem; }
summary { cursor: pointer; font-size: .9375rem; padding: .15rem 0; }
.strips { table-layout: fixed; margin: 1.5rem 0 0; }
.strips th:first-child { width: 7rem; }
.strips tr { border: 0; }
.strips th, .strips td { text-align: left; padding: .15rem .6rem .15rem 0; vertical-align: middle; }
.strips .verdicts { height: 26px; border-radius: 3px; }
.strips .axis { display: block; overflow: visible; }
.strips .best { fill: var(--paper); }
.answer { width: auto; }
.answer th, .answer td { text-align: left; padding-right: 2rem; }
.sentences { padding-left: 1.1rem; max-width: 80ch; }
.sentences li { margin-bottom: .35rem; }
@media (max-width: 48rem) {
  .wide text { font-size: 16px; }
  .strips .spare { display: none; }
}
@media print {
  .slide, .live .slide { display: none; }
  .wide { grid-template-columns: 1fr 1fr; gap: 5mm; }
  .tables { display: none; }
}
`;

/** Values that differ by more than this factor have a logarithmic axis. */
const MAX_LINEAR_RANGE = 30;
const MAX_INTERVALS = 4;

/** Vertical axis of values. */
export interface ValueScale {
  /** Returns the height of a value, from 0 at the bottom to 1 at the top. */
  at: (value: number) => number;
  /** Labels beside the axis. */
  ticks: number[];
  /** Writes a label: powers of ten on a logarithmic axis, so that all labels of one look alike. */
  label: (tick: number) => string;
}

/**
 * Returns an axis of these finite values: logarithmic if they, or the judged ones, differ by a large
 * factor, else from 0.
 */
export function valueScale(values: readonly number[], judged = values): ValueScale {
  if (values.length === 0) return { at: () => 0, ticks: [], label: formatNumber };
  const [least, most] = endsOf(values);
  const ends = endsOf(judged);
  if (least > 0 && ends[1] / ends[0] > MAX_LINEAR_RANGE) {
    const from = Math.floor(Math.log10(least));
    const to = Math.ceil(Math.log10(most));
    const step = Math.ceil((to - from) / 4);
    return {
      at: (value) => (Math.log10(value) - from) / (to - from),
      ticks: Array.from(
        { length: Math.floor((to - from) / step) + 1 },
        (_, i) => 10 ** (from + i * step),
      ),
      label: (tick) => powerOfTen(Math.round(Math.log10(tick))),
    };
  }
  const from = Math.min(0, least);
  const to = Math.max(0, most);
  const step = niceStep(to - from, MAX_INTERVALS);
  const end = from === 0 ? step * Math.ceil(to / step) : to;
  return {
    at: (value) => (value - from) / (end - from),
    ticks: from === 0
      ? Array.from({ length: Math.round(end / step) + 1 }, (_, i) => roundTo(6, i * step))
      : [from, (from + end) / 2, end],
    label: formatNumber,
  };
}

function endsOf(values: readonly number[]): [least: number, most: number] {
  return values.reduce<[number, number]>(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Infinity, -Infinity],
  );
}

/** Returns the smallest of 1, 2, 5, 10, 20 and so on that a range has at most `most` times. */
export function niceStep(range: number, most: number): number {
  if (!(range > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(range / most));
  return [1, 2, 5, 10].map((digit) => digit * power).find((step) =>
    step * most >= range * (1 - 1e-9)
  )!;
}
