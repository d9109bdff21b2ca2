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

/** Bar of a chart. */
export interface BarChartRow {
  /** Label, such as the name of a layer. */
  label: string;
  /**
   * Length of the bar: a positive finite number. Other numbers have no bar; `null` is shown as `-`.
   */
  value: number | null;
  /** Largest value, if the row summarises several: the bar continues to it in a lighter shade. */
  upTo?: number;
  /** Text instead of the figure, if the figure alone would mislead. */
  figure?: string;
  /** Reason why there is no bar; shown in its place. */
  reason?: string;
  /** Marks the row: `!` for an error, `?` for a warning. */
  mark?: "error" | "warning";
  /** Short ASCII texts by heading, shown behind the bar if there is room. */
  columns?: Record<string, string>;
}

/** Options of {@linkcode barChart}. */
export interface BarChartOptions {
  /** Maximum width of a line in columns, at least 20. Default: 80. */
  width?: number;
  /** True to draw bars with eighth blocks instead of plain ASCII. Default: false. */
  unicode?: boolean;
  /** True to colour rows by their mark (ANSI escapes). Default: false. */
  color?: boolean;
  /** Scale of the bars: the logarithm of the figure, or the figure itself. Default: `log`. */
  scale?: "log" | "linear";
  /**
   * Maximum number of rows, at least 2. A longer chart shows the first, the last and evenly spaced
   * rows between, and says so. Default: all.
   */
  maxRows?: number;
}

/**
 * Draws a bar chart as text: an axis with its decades marked, then one line per row. Zero is shown
 * as `0` without a bar (its logarithm is never taken), NaN and infinity as such.
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
