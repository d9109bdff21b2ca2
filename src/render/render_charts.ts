import { formatCount, formatShare } from "../words/numbers.ts";
import type { Finding } from "../checks/finding.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { BarChartRow } from "./bar_chart.ts";
import type { Chart } from "./chart_model.ts";
import { type ChartLayout, chartLayout, reasonWidth } from "./chart_layout.ts";
import { displayWidth } from "./display_width.ts";
import { drawChart } from "./draw_chart.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { layerRange } from "./layer_range.ts";
import { reportCharts } from "./report_charts.ts";
import { paint } from "./paint.ts";
import type { RenderTextOptions } from "./render_text.ts";
import { wrapText } from "./wrap_text.ts";

const COLUMNS: Record<string, string> = {
  sat: "sat = share of outputs stuck at the activation's limits",
  dead: "dead = share of units that are off for the whole batch",
  zero: "zero = share of exact zeros",
};

/** The lines of the charts, each with a title that says what it shows and what is healthy. */
export function renderCharts(
  measurements: Measurements,
  findings: readonly Finding[],
  options: RenderTextOptions & { width: number; color: boolean },
): string[] {
  const { width, color, layers: filter } = options;
  const order = measurements.layers.map(({ name }) => name);
  // `search` ignores the flag g and lastIndex, with which `test` would skip layers.
  const shown = measurements.layers.filter(({ name }) =>
    filter === undefined || name.search(filter) >= 0
  );
  const { scale = "log" } = options;
  const charts = reportCharts(shown, findings, scale)
    .map((chart) => ({ ...chart, rows: rowsOf(chart) }));
  const layout = chartLayout(charts.flatMap(({ rows }) => rows), { width });
  const faint = (text: string, indent = "") =>
    wrapText(text, width, indent).map((line) => paint(line, "faint", color));
  const lines: string[] = [];
  if (filter !== undefined) {
    const kept = `${shown.length} of ${formatCount(order.length, "layer")}`;
    lines.push("", ...faint(`Showing the ${kept} that match ${escapeControls(String(filter))}.`));
  }
  for (const { title, about, axis, rows, left } of charts) {
    const own = { ...layout, columns: columnsIn(rows, layout) };
    lines.push("", ...wrapText(title, width).map((line) => paint(line, "strong", color)));
    lines.push(...wrapText(about, width), "", ...drawChart(rows, axis, own, options));
    for (const note of notesOf(rows, own, left, order)) lines.push(...faint(note, "  "));
  }
  return lines;
}

type Row = BarChartRow & { columns: Record<string, string> };

/** The rows of a chart in text: shares stand behind the bars. */
function rowsOf({ bars }: Chart): Row[] {
  const share = (fraction: number | null) => fraction === null ? "" : formatShare(fraction);
  // A column without a zero in it says nothing about zeros.
  const hasZeros = bars.some(({ shares: { zero } }) => zero !== null && zero !== 0);
  return bars.map(({ label, value, mark, gap, shares }) => ({
    label,
    value,
    ...gap === null ? {} : { reason: gap, ...value === null ? {} : { figure: "NaN/Inf" } },
    ...mark === null ? {} : { mark },
    columns: {
      sat: share(shares.saturated),
      dead: share(shares.dead),
      zero: hasZeros ? share(shares.zero) : "",
    },
  }));
}

/** The columns that at least one row of this chart fills. */
function columnsIn(rows: Row[], layout: ChartLayout): ChartLayout["columns"] {
  const columns = [...layout.columns].filter(([heading]) =>
    rows.some((row) => row.columns?.[heading])
  );
  return new Map(columns);
}

/** The meaning of the signs in a chart, and what had no room or no row in it. */
function notesOf(
  rows: Row[],
  layout: ChartLayout,
  left: Chart["left"],
  order: string[],
): string[] {
  const signs = [
    ...rows.some(({ mark }) => mark === "error") ? ["! = an error below"] : [],
    ...rows.some(({ mark }) => mark === "warning") ? ["? = a warning below"] : [],
    ...[...layout.columns.keys()].map((heading) => COLUMNS[heading]),
  ];
  const cut = new Map<string, string[]>();
  for (const row of rows) {
    const { value, reason = "", label } = row;
    if (value !== null || displayWidth(escapeControls(reason)) <= reasonWidth(row, layout)) {
      continue;
    }
    cut.set(reason, [...cut.get(reason) ?? [], label]);
  }
  const list = (names: string[]) => layerRange(names, { order, max: 4 });
  return [
    ...signs.length > 0 ? [signs.join("; ")] : [],
    ...[...cut].map(([reason, names]) => `- = not measured, ${list(names)}: ${reason}`),
    ...[...left].map(([reason, names]) => `not shown: ${list(names)} (${reason})`),
  ].map((note) => escapeControls(note));
}
