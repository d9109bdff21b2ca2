import { InputError } from "../../ground/words/input_error.ts";
import { formatNumber } from "../../ground/words/numbers.ts";
import {
  anyObject,
  list,
  nullable,
  number,
  object,
  optional,
  requireValue,
  string,
  whole,
} from "../../ground/words/shape.ts";
import { escapeControls, showValue } from "../../ground/words/show_value.ts";
import { axisOf, type ChartAxis, hasBar, positionOn } from "./chart_model.ts";
import { cutEnd, cutNames, displayWidth, padEnd } from "./fit_text.ts";
import { paint, SEVERITY_MARKS } from "./verdicts.ts";

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
 * @throws {InputError} If `width` or `maxRows` is too small or not a whole number.
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
    list(object({ label: string, value: nullable(number), upTo: optional(number) })),
  );
  requireValue("options", options, anyObject);
  const { width, maxRows = Infinity, scale = "log" } = options;
  requireValue("width", width, optional(whole(20)));
  if (maxRows !== Infinity && !(Number.isInteger(maxRows) && maxRows >= 2)) {
    throw new InputError(
      { place: "maxRows", found: showValue(maxRows), expected: "a whole number of at least 2" },
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
function figureOf({ figure, value }: BarChartRow): string {
  return figure ?? (value === null ? "-" : formatNumber(value));
}

/** Mark on an axis. */
interface Tick {
  /** Position from 0 (left) to 1 (right). */
  position: number;
  /** Label. */
  label: string;
}

/** Returns the number of parts into which marks divide a linear axis. */
function partsOf(width: number): number {
  if (width >= 40) return 4;
  return width >= 20 ? 2 : 1;
}

const STEPS = [1, 2, 3, 5, 10, 20, 50, 100, 200];

/**
 * Returns the marks of an axis from left to right. Marks every decade if `width` has room for the
 * labels, otherwise every second, third, fifth ...; a linear axis has 0 and one, two or four marks.
 */
export function ticksOf({ scale, from, to }: ChartAxis, width: number): Tick[] {
  if (scale === "linear") {
    const parts = partsOf(width);
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

const ASCII = { full: "#", light: "-", eighths: [], axis: "|", grid: ":", ellipsis: ".." };
const UNICODE = {
  full: "█",
  light: "░",
  eighths: ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"],
  axis: "│",
  grid: "┊",
  ellipsis: "…",
};
type Glyphs = typeof ASCII | typeof UNICODE;
// Above this many rows the axis is repeated below, since its top has scrolled off the screen.
const LONG = 30;

/** Chart beside others that share its rows. */
interface Panel {
  /** Title; absent if shown elsewhere. */
  title?: string;
  /** Rows; `null` if the chart has nothing for a row. */
  rows: readonly (BarChartRow | null)[];
  /** Axis of the bars. */
  axis: ChartAxis;
  /** Width of the parts; all panels use the label width of the first. */
  layout: ChartLayout;
}

/** Draws the lines of a chart: the axis, then one line per row. */
function drawChart(
  rows: readonly BarChartRow[],
  axis: ChartAxis,
  layout: ChartLayout,
  options: BarChartOptions,
): string[] {
  return drawPanels([{ rows, axis, layout }], options);
}

/**
 * Draws the lines of charts side by side, whose rows share labels: titles, axes, then one line per
 * row.
 */
export function drawPanels(
  panels: readonly Panel[],
  { unicode = false, color = false }: BarChartOptions,
): string[] {
  const glyphs = unicode ? UNICODE : ASCII;
  const { label } = panels[0].layout;
  const rows = panels[0].rows.map((_, i) => panels.map(({ rows }) => rows[i]).find(Boolean)!);
  const labels = rows.map(({ label }) => escapeControls(label));
  const names = cutNames(labels, label, glyphs.ellipsis);
  const heading = (textOf: (panel: Panel) => string, style: "faint" | "strong") =>
    paint(
      trimEnd(
        " ".repeat(label + 2) +
          panels.map((panel) => padEnd(textOf(panel), panelWidth(panel))).join(""),
      ),
      style,
      color,
    );
  const titles = panels.some(({ title }) => title !== undefined)
    ? [heading(({ title = "", layout }) => {
      // Centred above the bars, or moved left if it is too long.
      const room = panelWidth({ layout });
      const blank = Math.max(2, Math.min(layout.figure + 4, room - displayWidth(title)));
      return cutEnd(" ".repeat(blank) + title, room, glyphs.ellipsis);
    }, "strong")]
    : [];
  const axes = heading(({ axis, layout }) => axisLine(ticksOf(axis, layout.bar), layout), "faint");
  const lines = rows.map(({ mark }, i) => {
    const start = `${mark ? SEVERITY_MARKS[mark] : " "} ${padEnd(names[i], label)}`;
    const cells = panels.map((panel) => panelCell(panel, i, { glyphs, color }));
    return trimEnd((mark ? paint(start, mark, color) : start) + cells.join(""));
  });
  return rows.length > LONG ? [...titles, axes, ...lines, axes] : [...titles, axes, ...lines];
}

/** Returns the number of columns that a panel takes beside the labels. Only a chart by itself has columns. */
function panelWidth({ layout: { figure, bar } }: Pick<Panel, "layout">): number {
  return figure + 4 + bar;
}

/** Draws the figure and the bar of a row. */
function panelCell(
  panel: Panel,
  i: number,
  { glyphs, color }: { glyphs: Glyphs; color: boolean },
): string {
  const { axis, layout } = panel;
  const row = panel.rows[i];
  if (row === null) return " ".repeat(panelWidth(panel));
  const tint = (text: string) => row.mark ? paint(text, row.mark, color) : text;
  const start = `  ${figureOf(row).padStart(layout.figure)} `;
  let rest: string;
  if (row.reason !== undefined && !hasBar(row.value) && !hasBar(row.upTo ?? null)) {
    rest = reasonOf(row, row.reason, layout, glyphs);
  } else {
    const bar = hasBar(row.value) ? barOf(positionOn(axis, row.value), layout.bar, glyphs) : "";
    const light = lightOf(row, panel, displayWidth(bar), glyphs);
    const blank = grid(ticksOf(axis, layout.bar), layout.bar, displayWidth(bar + light), glyphs);
    rest = tint(bar + light) + paint(blank, "faint", color) + columnsOf(row, layout);
  }
  return tint(start) + paint(glyphs.axis, "faint", color) + rest;
}

/** Draws a bar; a value other than zero shows at least the smallest mark. */
function barOf(position: number, width: number, glyphs: Glyphs): string {
  const parts = glyphs.eighths.length || 1;
  const length = Math.min(width * parts, Math.max(1, Math.round(position * width * parts)));
  return glyphs.full.repeat(Math.floor(length / parts)) + (glyphs.eighths[length % parts] ?? "");
}

/** Draws the rest of a bar that summarises several values, up to the largest. */
function lightOf(
  { upTo }: BarChartRow,
  { axis, layout: { bar } }: Panel,
  from: number,
  glyphs: Glyphs,
): string {
  const largest = upTo ?? null;
  if (!hasBar(largest)) return "";
  const to = Math.min(bar, Math.max(1, Math.round(positionOn(axis, largest) * bar)));
  return glyphs.light.repeat(Math.max(0, to - from));
}

/** Fills the rest of a bar's width with spaces, and a mark at every tick. */
function grid(ticks: Tick[], width: number, from: number, glyphs: { grid: string }): string {
  const marked = new Set(ticks.map(({ position }) => Math.round(position * width) - 1));
  return Array.from({ length: width - from }, (_, i) => marked.has(from + i) ? glyphs.grid : " ")
    .join("");
}

/**
 * Returns the reason why there is no bar. It takes the width of the bar, plus that of the columns
 * if the row has none.
 */
function reasonOf(
  row: BarChartRow,
  reason: string,
  layout: ChartLayout,
  glyphs: { ellipsis: string },
): string {
  const room = reasonWidth(row, layout);
  const text = cutEnd(escapeControls(reason), room, glyphs.ellipsis);
  return ` ${padEnd(text, room)}${columnsOf(row, layout)}`;
}

function axisLine(ticks: Tick[], layout: ChartLayout): string {
  const left = layout.figure + 3;
  const end = left + 1 + layout.bar;
  let line = "";
  for (const { position, label } of ticks) {
    const center = left + Math.round(position * layout.bar) - Math.floor((label.length - 1) / 2);
    const start = Math.max(left, Math.min(center, end - label.length));
    // Drop a label that does not fit; its mark in the rows stays.
    if ((line !== "" && start <= line.length) || start + label.length > end) continue;
    line = line.padEnd(start) + label;
  }
  line = line.padEnd(end);
  for (const [heading, width] of layout.columns) line += `  ${heading.padStart(width)}`;
  return line.trimEnd();
}

function columnsOf({ columns = {} }: BarChartRow, layout: ChartLayout): string {
  return [...layout.columns].map(([heading, width]) =>
    `  ${(columns[heading] ?? "").padStart(width)}`
  )
    .join("");
}

// With colour on, spaces may precede an escape sequence; they do no harm.
function trimEnd(line: string): string {
  return line.replace(/ +$/, "");
}
