import type { BarChartOptions, BarChartRow } from "./bar_chart.ts";
import { displayWidth } from "./display_width.ts";
import { escapeControls } from "./escape_controls.ts";
import { figureOf } from "./figure_of.ts";

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
