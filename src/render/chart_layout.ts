import { formatNumber } from "../words/numbers.ts";
import type { BarChartOptions, BarChartRow } from "./bar_chart.ts";
import type { ChartAxis } from "./chart_model.ts";
import { displayWidth } from "./display_width.ts";
import { escapeControls } from "../words/escape_controls.ts";

/** Width in columns of each part of a row. Charts drawn with one layout align. */
export interface ChartLayout {
  /** Label. */
  label: number;
  /** Figure, right-aligned. */
  figure: number;
  /** Bar. */
  bar: number;
  /** Width of each column that fits behind the bar, by heading. */
  columns: Map<string, number>;
}

// Minimum width of a bar; figures behind it are dropped first.
const LEAST_BAR = 20;
// Maximum share of the line for a name; longer names are cut in the middle.
const LARGEST_LABEL = 0.35;
const LEAST_LABEL = 4;
// A longer bar pushes the columns behind it out of sight.
const LARGEST_BAR = 64;

/** Divides a line into label, figure, bar and columns so that the widest row fits. */
export function chartLayout(
  rows: readonly BarChartRow[],
  { width = 80 }: Pick<BarChartOptions, "width">,
): ChartLayout {
  const figure = Math.max(1, ...rows.map((row) => figureOf(row).length));
  // Mark and space before the label, two spaces before the figure, one after it, and the axis.
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
  // Columns are sorted by importance: the last is dropped first.
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

/** Minimum and maximum width of bars in charts side by side. */
const BESIDE = { least: 16, most: 40 };
/** Minimum width for charts side by side. */
const WIDE = 100;

/** Returns true if charts fit side by side. */
export const isWide = (width: number): boolean => width >= WIDE;

/** Divides a line into the labels that charts share and the bars of each, side by side. */
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

/** Returns the number of columns for the reason of a row without a bar. */
export function reasonWidth({ columns = {} }: BarChartRow, layout: ChartLayout): number {
  const free = [...layout.columns.keys()].every((heading) => !columns[heading]);
  const behind = [...layout.columns.values()].reduce((sum, width) => sum + width + 2, 0);
  return layout.bar - 1 + (free ? behind : 0);
}

/** Returns the text for a row's figure: the row's own text, the number, or `-` for `null`. */
export function figureOf({ figure, value }: BarChartRow): string {
  return figure ?? (value === null ? "-" : formatNumber(value));
}

/** Mark on an axis. */
export interface Tick {
  /** Position from 0 (left) to 1 (right). */
  position: number;
  /** Label. */
  label: string;
}

const STEPS = [1, 2, 3, 5, 10, 20, 50, 100, 200];

/**
 * Returns the marks of an axis from left to right. Marks every decade if `width` has room for the
 * labels, otherwise every second, third, fifth ...; a linear axis has 0 and one, two or four marks.
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
