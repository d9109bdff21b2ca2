import { chartLayout } from "./chart_layout.ts";
import { axisOf } from "./chart_model.ts";
import { drawChart } from "./draw_chart.ts";
import {
  arrayOf,
  number,
  object,
  objectWith,
  optional,
  orNull,
  requireValue,
  text,
} from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";

/** One bar of a chart. */
export interface BarChartRow {
  /** What the bar shows, such as the name of a layer. */
  label: string;
  /** How long the bar is. Only a positive finite figure has one; `null` is shown as `-`. */
  value: number | null;
  /** Of a row that stands for several values, the largest: the bar goes on to it, lighter. */
  upTo?: number;
  /** What is written in place of the figure, where the figure alone would mislead. */
  figure?: string;
  /** Why there is no bar; written in its place. */
  reason?: string;
  /** Marks the row: `!` for an error, `?` for a warning. */
  mark?: "error" | "warning";
  /** Short ASCII texts by their heading, written behind the bar as far as there is room. */
  columns?: Record<string, string>;
}

/** Options of {@linkcode barChart}. */
export interface BarChartOptions {
  /** Columns that a line may take, at least 20. Default: 80. */
  width?: number;
  /** Whether bars are drawn with eighth blocks instead of plain ASCII. Default: false. */
  unicode?: boolean;
  /** Whether to colour rows by their mark (ANSI escapes). Default: false. */
  color?: boolean;
  /** Whether a bar's length follows the logarithm of the figure or the figure. Default: `log`. */
  scale?: "log" | "linear";
  /**
   * Most rows to draw, 2 or more; a longer chart shows the first, the last and evenly spaced ones
   * between, and a line says so. Default: all.
   */
  maxRows?: number;
}

/**
 * Draws a bar chart as text: an axis with its decades marked, then one line per row. Zero is shown as `0`
 * without a bar (its logarithm is never taken), NaN and infinity as such.
 *
 * @param rows The bars, from top to bottom.
 * @param options See {@linkcode BarChartOptions}.
 * @returns The chart, its lines joined by newlines, without one at the end.
 * @throws {RangeError} If `width` or `maxRows` is too small or not a whole number.
 *
 * @example Two layers
 * ```ts
 * import { barChart } from "@gradient-health/gradient-health/render";
 * import { assertEquals } from "@std/assert";
 *
 * const rows = [
 *   { label: "dense_1", value: 0, mark: "error" as const },
 *   { label: "dense_2", value: 0.031 },
 * ];
 * assertEquals(
 *   "\n" + barChart(rows, { width: 40 }),
 *   `
 *                  1e-4  1e-3    1e-2 1e-1
 * ! dense_1      0 |      :       :      :
 *   dense_2  0.031 |##################   :`,
 * );
 * ```
 */
export function barChart(rows: readonly BarChartRow[], options: BarChartOptions = {}): string {
  requireValue(
    "rows",
    rows,
    arrayOf(objectWith({ label: text, value: orNull(number), upTo: optional(number) })),
  );
  requireValue("options", options, object);
  const { width = 80, maxRows = Infinity, scale = "log" } = options;
  if (!Number.isInteger(width) || width < 20) {
    throw new RangeError(
      `width is ${showValue(width)}, expected a whole number of at least 20`,
    );
  }
  if (maxRows !== Infinity && !(Number.isInteger(maxRows) && maxRows >= 2)) {
    throw new RangeError(
      `maxRows is ${showValue(maxRows)}, expected a whole number of at least 2`,
    );
  }
  const shown = rows.length <= maxRows ? rows : Array.from(
    { length: maxRows },
    (_, i) => rows[Math.round(i * (rows.length - 1) / (maxRows - 1))],
  );
  const axis = axisOf(shown.flatMap(({ value, upTo = null }) => [value, upTo]), scale);
  const lines = drawChart(shown, axis, chartLayout(shown, options), options);
  if (shown.length < rows.length) lines.push(`  (${shown.length} of ${rows.length} rows)`);
  return lines.join("\n");
}
