import { formatFactor, formatWhole } from "../words/numbers.ts";
import { type Markup, markup } from "./markup.ts";
import { powerOfTen } from "./power_of_ten.ts";

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
export interface Span {
  from: number;
  to: number;
}

/** If the scales span fewer powers of ten, the labels below the axis are scales instead. */
const LEAST_DECADES = 3;
const MOST_TICKS = 7;

/** Creates an axis on which scales are placed by their logarithm. */
export function scaleAxis(scales: readonly number[], span: Span): ColumnAxis {
  const logs = scales.map((scale) => Math.log10(scale));
  const half = (a: number, b: number) => (logs[a] + logs[b]) / 2;
  const last = logs.length - 1;
  const inner = logs.slice(1).map((_, i) => half(i, i + 1));
  const ends = last === 0
    ? [logs[0] - 0.5, logs[0] + 0.5]
    : [2 * logs[0] - inner[0], 2 * logs[last] - inner[last - 1]];
  const place = placeIn(ends[0], ends[1], span);
  const decades = Array.from(
    { length: Math.floor(ends[1]) - Math.ceil(ends[0]) + 1 },
    (_, i) => Math.ceil(ends[0]) + i,
  );
  const step = Math.ceil(decades.length / (MOST_TICKS + 1));
  return {
    edges: [ends[0], ...inner, ends[1]].map(place),
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

/** Creates an axis of steps side by side, however many batches are between them. */
export function stepAxis(steps: readonly number[], span: Span): ColumnAxis {
  const place = placeIn(0, steps.length, span);
  return {
    edges: [...steps.map((_, i) => place(i)), place(steps.length)],
    centers: steps.map((_, i) => place(i + 0.5)),
    at: (step) => place(steps.indexOf(step) + 0.5),
    ticks: some(steps).map((step) => ({
      x: place(steps.indexOf(step) + 0.5),
      label: formatWhole(step),
    })),
  };
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
    return Math.round((span.from + share * (span.to - span.from)) * 10) / 10;
  };
}

function some(values: readonly number[]): number[] {
  const step = Math.ceil(values.length / MOST_TICKS);
  return values.filter((_, i) => i % step === 0);
}
