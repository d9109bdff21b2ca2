import { formatNumber } from "../words/numbers.ts";
import type { BarChartOptions, BarChartRow } from "./bar_chart.ts";
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
interface Tick {
  /** Where, from 0 (left) to 1 (right). */
  position: number;
  /** What is written there. */
  label: string;
}

/** Where figures fall between the two ends of a bar. */
export interface Axis {
  /** How much of the bar's full length a positive finite figure takes, from 0 to 1. */
  position(figure: number): number;
  /** The marks, from left to right. */
  ticks: Tick[];
}

// A healthy network's figures differ by a factor of 2 or 10. On an axis of one decade that would
// look like a collapse; on three it looks like what it is.
const LEAST_DECADES = 3;
const STEPS = [1, 2, 3, 5, 10, 20, 50, 100, 200];

/**
 * An axis of decades for positive finite figures, from the decade below the smallest to the one
 * above the largest, at least three decades long. Every decade is marked where `width` columns have
 * room for its label, otherwise every second, third, fifth ...
 */
export function logAxis(figures: readonly number[], width: number): Axis {
  const logs = figures.map(Math.log10);
  const high = Math.ceil(max(logs, 0));
  const low = Math.min(Math.floor(min(logs, 0)), high - LEAST_DECADES);
  const position = (exponent: number) => (exponent - low) / (high - low);
  const room = Math.max(`1e${low}`.length, `1e${high}`.length) + 2;
  const step = STEPS.find((step) => (high - low) / step * room <= width) ?? STEPS.at(-1)!;
  const ticks: Tick[] = [];
  for (let exponent = Math.ceil(low / step) * step; exponent <= high; exponent += step) {
    ticks.push({ position: position(exponent), label: `1e${exponent}` });
  }
  return { position: (figure) => position(Math.log10(figure)), ticks };
}

/** An axis from 0 to a round number at or above the largest of the positive finite figures. */
export function linearAxis(figures: readonly number[], width: number): Axis {
  const largest = max(figures, 1);
  // Near the ends of float64 the round number itself is 0 or Infinity; the figure then has to do.
  const decade = 10 ** Math.floor(Math.log10(largest));
  const round = [1, 2, 4, 5, 8, 10].map((factor) => factor * decade).find((end) => end >= largest);
  const end = round !== undefined && Number.isFinite(round) && decade > 0 ? round : largest;
  const parts = width >= 40 ? 4 : width >= 20 ? 2 : 1;
  return {
    position: (figure) => figure / end,
    ticks: Array.from({ length: parts + 1 }, (_, i) => ({
      position: i / parts,
      label: formatNumber(end * (i / parts)),
    })),
  };
}

function max(values: readonly number[], otherwise: number): number {
  return values.length === 0 ? otherwise : values.reduce((a, b) => Math.max(a, b));
}

function min(values: readonly number[], otherwise: number): number {
  return values.length === 0 ? otherwise : values.reduce((a, b) => Math.min(a, b));
}
