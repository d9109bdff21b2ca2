import { formatFactor, formatWhole } from "../words/numbers.ts";
import { type Markup, markup } from "./markup.ts";
import { powerOfTen } from "./power_of_ten.ts";

/** How columns, of scales or of steps, lie side by side. */
export interface ColumnAxis {
  /** Where each column begins, and where the last one ends. */
  edges: number[];
  /** The middle of each column. */
  centers: number[];
  /** Where a value lies, between columns too; outside of all at the nearer end. */
  at: (value: number) => number;
  /** What is written below which place. */
  ticks: { x: number; label: string }[];
}

/** Where columns begin and end, in a drawing of any kind. */
export interface Span {
  from: number;
  to: number;
}

/** With fewer powers of ten than this among the scales, scales themselves are written below the axis. */
const LEAST_DECADES = 3;
const MOST_TICKS = 7;

/** Scales lie by their logarithm. */
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

/** Steps lie side by side, however many batches are between them. */
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

/** The labels of an axis, and a mark above each. */
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
