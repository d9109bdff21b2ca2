import { formatNumber } from "../words/numbers.ts";
import type { BarChartOptions, BarChartRow } from "./bar_chart.ts";
import type { ChartAxis } from "./chart_model.ts";
import { displayWidth } from "./display_width.ts";
import { escapeControls } from "../words/escape_controls.ts";

/** How many columns each part of a row takes. Charts drawn with one layout align. */
export interface ChartLayout {
  /** The label. */
  label: number;
  /** The figure, right-aligned. */
  figure: number;
  /** The bar. */
  bar: number;
  /** The columns behind the bar that found room: heading and width. */
  columns: Map<string, number>;
}

// Below this many columns a bar says too little to give up more of it for figures behind it.
const LEAST_BAR = 20;
// A name never takes more than this part of the line; the rest is cut out of its middle.
const LARGEST_LABEL = 0.35;
const LEAST_LABEL = 4;
// A bar longer than this moves the columns behind it out of the reader's sight.
const LARGEST_BAR = 64;

/** Shares a line out among label, figure, bar and columns so that the widest of all rows fits. */
export function chartLayout(
  rows: readonly BarChartRow[],
  { width = 80 }: Pick<BarChartOptions, "width">,
): ChartLayout {
  const figure = Math.max(1, ...rows.map((row) => figureOf(row).length));
  // Mark and space before the label, two spaces before the figure, one behind it, the axis.
  const rest = width - 2 - 2 - figure - 1 - 1;
  const longest = Math.max(1, ...rows.map(({ label }) => displayWidth(escapeControls(label))));
  const label = Math.min(
    longest,
    Math.max(LEAST_LABEL, Math.min(Math.floor(width * LARGEST_LABEL), rest - LEAST_BAR)),
  );
  const columns = new Map<string, number>();
  for (const row of rows) {
    for (const [heading, text] of Object.entries(row.columns ?? {})) {
      columns.set(heading, Math.max(columns.get(heading) ?? 0, text.length));
    }
  }
  // The columns come in the order of their worth: the last is the first to go.
  let taken = 0;
  for (const [heading, longestText] of columns) {
    const columnWidth = Math.max(heading.length, longestText);
    columns.set(heading, columnWidth);
    if (longestText === 0 || rest - label - taken - columnWidth - 2 < LEAST_BAR) {
      columns.delete(heading);
    } else taken += columnWidth + 2;
  }
  return { label, figure, bar: Math.min(LARGEST_BAR, rest - label - taken), columns };
}

/** The least and the largest bar of charts side by side. */
const BESIDE = { least: 16, most: 40 };
/** From this many columns on, charts stand side by side. */
const WIDE = 100;

/** Whether charts stand side by side. */
export const isWide = (width: number): boolean => width >= WIDE;

/** Shares a line out among the labels that charts have in common and the bars of each, side by side. */
export function besideLayouts(
  charts: readonly (readonly BarChartRow[])[],
  width: number,
): ChartLayout[] {
  const rows = charts.flat();
  const figures = charts.map((rows) => Math.max(1, ...rows.map((row) => figureOf(row).length)));
  const rest = figures.reduce((rest, figure) => rest - figure - 4, width - 2);
  const longest = Math.max(1, ...rows.map(({ label }) => displayWidth(escapeControls(label))));
  const room = rest - charts.length * BESIDE.least;
  const label = Math.min(longest, Math.floor(width * LARGEST_LABEL), room);
  const bar = Math.min(BESIDE.most, Math.floor((rest - label) / charts.length));
  return figures.map((figure) => ({ label, figure, bar, columns: new Map() }));
}

/** How many columns there are for the reason of a row without a bar. */
export function reasonWidth({ columns = {} }: BarChartRow, layout: ChartLayout): number {
  const free = [...layout.columns.keys()].every((heading) => !columns[heading]);
  const behind = [...layout.columns.values()].reduce((sum, width) => sum + width + 2, 0);
  return layout.bar - 1 + (free ? behind : 0);
}

/** What stands in the figure's place of a row: the row's own words, the number, or `-` for none. */
export function figureOf({ figure, value }: BarChartRow): string {
  return figure ?? (value === null ? "-" : formatNumber(value));
}

/** A mark on an axis. */
export interface Tick {
  /** Where, from 0 (left) to 1 (right). */
  position: number;
  /** What is written there. */
  label: string;
}

const STEPS = [1, 2, 3, 5, 10, 20, 50, 100, 200];

/**
 * The marks of an axis, from left to right. Every decade is marked where `width` columns have room for its
 * label, otherwise every second, third, fifth ...; a linear axis has one mark, two or four, and 0.
 */
export function ticksOf({ scale, from, to }: ChartAxis, width: number): Tick[] {
  if (scale === "linear") {
    const parts = width >= 40 ? 4 : width >= 20 ? 2 : 1;
    return Array.from({ length: parts + 1 }, (_, i) => ({
      position: i / parts,
      label: formatNumber(to * (i / parts)),
    }));
  }
  const room = Math.max(`1e${from}`.length, `1e${to}`.length) + 2;
  const step = STEPS.find((step) => (to - from) / step * room <= width) ?? STEPS.at(-1)!;
  const ticks: Tick[] = [];
  for (let exponent = Math.ceil(from / step) * step; exponent <= to; exponent += step) {
    ticks.push({ position: (exponent - from) / (to - from), label: `1e${exponent}` });
  }
  return ticks;
}
