import type { BarChartOptions, BarChartRow } from "./bar_chart.ts";
import { type ChartLayout, figureOf, reasonWidth, type Tick, ticksOf } from "./chart_layout.ts";
import { type ChartAxis, hasBar, positionOn } from "./chart_model.ts";
import { cutEnd, cutNames } from "./cut_names.ts";
import { displayWidth, padEnd } from "./display_width.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { paint, SEVERITY_MARKS } from "./paint.ts";

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
export interface Panel {
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
export function drawChart(
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
    const cells = panels.map((panel) => panelCell(panel, i, glyphs, color));
    return trimEnd((mark ? paint(start, mark, color) : start) + cells.join(""));
  });
  return rows.length > LONG ? [...titles, axes, ...lines, axes] : [...titles, axes, ...lines];
}

/** Returns the number of columns that a panel takes beside the labels. */
export function panelWidth({ layout: { figure, bar, columns } }: Pick<Panel, "layout">): number {
  return [...columns.values()].reduce((sum, width) => sum + width + 2, figure + 4 + bar);
}

/** Draws the figure and the bar of a row. */
function panelCell(panel: Panel, i: number, glyphs: Glyphs, color: boolean): string {
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
    const light = lightOf(row, axis, displayWidth(bar), layout, glyphs);
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
  axis: ChartAxis,
  from: number,
  { bar }: ChartLayout,
  glyphs: Glyphs,
): string {
  if (upTo === undefined || !hasBar(upTo)) return "";
  const to = Math.min(bar, Math.max(1, Math.round(positionOn(axis, upTo) * bar)));
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
  return ` ${padEnd(text, room)}${room < layout.bar ? columnsOf(row, layout) : ""}`;
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
