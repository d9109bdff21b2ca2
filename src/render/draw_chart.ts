import type { BarChartOptions, BarChartRow } from "./bar_chart.ts";
import { type ChartLayout, figureOf, reasonWidth, type Tick, ticksOf } from "./chart_layout.ts";
import { type ChartAxis, hasBar, positionOn } from "./chart_model.ts";
import { cutEnd, cutNames } from "./cut_names.ts";
import { displayWidth, padEnd } from "./display_width.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { paint } from "./paint.ts";

const ASCII = { full: "#", eighths: [], axis: "|", grid: ":", ellipsis: ".." };
const UNICODE = {
  full: "█",
  eighths: ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"],
  axis: "│",
  grid: "┊",
  ellipsis: "…",
};
const MARKS = { error: "!", warning: "?" };
// Of a chart this long the axis has left the screen when its last row is read: it comes again.
const LONG = 30;

/** The lines of a chart: the axis, then a line for every row. */
export function drawChart(
  rows: readonly BarChartRow[],
  axis: ChartAxis,
  layout: ChartLayout,
  { unicode = false, color = false }: BarChartOptions,
): string[] {
  const glyphs = unicode ? UNICODE : ASCII;
  const ticks = ticksOf(axis, layout.bar);
  const heading = paint(axisLine(ticks, layout), "faint", color);
  const labels = rows.map(({ label }) => escapeControls(label));
  const names = cutNames(labels, layout.label, glyphs.ellipsis);
  const lines = rows.map((row, i) => {
    const tint = (text: string) => row.mark ? paint(text, row.mark, color) : text;
    const start = `${row.mark ? MARKS[row.mark] : " "} ${padEnd(names[i], layout.label)}  ${
      figureOf(row).padStart(layout.figure)
    } `;
    let rest: string;
    if (row.reason !== undefined && !hasBar(row.value)) {
      rest = reasonOf(row, row.reason, layout, glyphs);
    } else {
      const bar = hasBar(row.value) ? barOf(positionOn(axis, row.value), layout.bar, glyphs) : "";
      const blank = grid(ticks, layout.bar, displayWidth(bar), glyphs);
      rest = tint(bar) + paint(blank, "faint", color) + columnsOf(row, layout);
    }
    const axisMark = paint(glyphs.axis, "faint", color);
    return trimEnd(tint(start) + axisMark + rest);
  });
  return rows.length > LONG ? [heading, ...lines, heading] : [heading, ...lines];
}

/** A bar; what is not zero shows at least the smallest mark there is. */
function barOf(position: number, width: number, glyphs: typeof ASCII | typeof UNICODE): string {
  const parts = glyphs.eighths.length || 1;
  const length = Math.min(width * parts, Math.max(1, Math.round(position * width * parts)));
  return glyphs.full.repeat(Math.floor(length / parts)) + (glyphs.eighths[length % parts] ?? "");
}

/** What is left of the bar's room: blanks, with a mark where the axis has one. */
function grid(ticks: Tick[], width: number, from: number, glyphs: { grid: string }): string {
  const marked = new Set(ticks.map(({ position }) => Math.round(position * width) - 1));
  return Array.from({ length: width - from }, (_, i) => marked.has(from + i) ? glyphs.grid : " ")
    .join("");
}

/** The reason for there being no bar, in the room of the bar; of a row without columns, of all. */
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
  const left = layout.label + layout.figure + 5;
  const end = left + 1 + layout.bar;
  let line = "";
  for (const { position, label } of ticks) {
    const center = left + Math.round(position * layout.bar) - Math.floor((label.length - 1) / 2);
    const start = Math.max(left, Math.min(center, end - label.length));
    // A label that does not fit is left out; its mark in the rows stays.
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

// With colour on, blanks may stand before an escape sequence; those do no harm.
function trimEnd(line: string): string {
  return line.replace(/ +$/, "");
}
