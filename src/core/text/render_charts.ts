import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import { formatCount, formatNumber } from "../../ground/words/numbers.ts";
import type { Finding } from "../rules/finding.ts";
import type { Measurements } from "../measure/measurements.ts";
import {
  type BarChartRow,
  besideLayouts,
  type ChartLayout,
  chartLayout,
  drawPanels,
  isWide,
  reasonWidth,
} from "./bar_chart.ts";
import type { Chart, ChartBar } from "./chart_model.ts";
import { displayWidth, wrapText } from "./fit_text.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { foldLayers, type LayerFold, layerRange, splitFolds } from "./fold_layers.ts";
import { reportCharts } from "./report_charts.ts";
import { paint } from "./verdicts.ts";

/** Options of {@linkcode renderText}. */
export interface RenderTextOptions {
  /** Maximum width of a line in columns, at least 20. Default: 80. */
  width?: number;
  /** True to draw with Unicode, bars with eighth blocks, instead of plain ASCII. Default: false. */
  unicode?: boolean;
  /** True to colour by severity (ANSI escapes); for terminals only. Default: false. */
  color?: boolean;
  /** Scale of the bars: the logarithm of the figure, or the figure itself. Default: `log`. */
  scale?: "log" | "linear";
  /** Pattern for the names of the layers to draw; all findings are shown anyway. Default: all. */
  layers?: RegExp;
  /** Diagnosis, shown before everything else. Default: none. */
  diagnosis?: Diagnosis;
  /**
   * True to show every finding, the engine, and a chart of the gradients before the activations.
   * Default: true only without a diagnosis.
   */
  details?: boolean;
  /** True to give every layer its own row, even if blocks repeat. Default: false. */
  all?: boolean;
}

/**
 * Maximum number of rows of a chart; in a longer one, layers that repeat share rows. Charts below
 * each other (`narrow`) show every layer of a network of up to twelve, and fold a longer network to
 * `folded` rows, so that a screen fits both.
 */
const MOST_ROWS = { wide: 16, narrow: 12, folded: 6 };
const CHARTS_PER_LINE = 2;

/** Chooses the layers to show, one row each or folded. */
export function shownFolds(
  { layers }: Measurements,
  { layers: filter, all = false }: Pick<RenderTextOptions, "layers" | "all">,
): LayerFold[] {
  if (filter === undefined) return foldLayers(layers, { all });
  // `search` ignores the flag g and lastIndex, with which `test` would skip layers.
  return foldLayers(layers.filter(({ name }) => name.search(filter) >= 0), { all: true });
}

/**
 * Draws the charts: gradients and activations, side by side from 100 columns on, otherwise one
 * below the other; with `details` also deltas, and what is healthy.
 */
export function renderCharts(
  measurements: Measurements,
  findings: readonly Finding[],
  options: RenderTextOptions & { width: number; color: boolean },
): string[] {
  const { width, color, layers: filter, all = false, details = false, scale = "log" } = options;
  const order = measurements.layers.map(({ name }) => name);
  const folds = shownFolds(measurements, options);
  const pieces = all || filter !== undefined ? folds : splitFolds(folds, mostRows(folds, width));
  const charts = reportCharts(pieces, findings, { scale, details });
  const rows = charts.map(({ bars }) => bars.map(rowOf));
  const faint = (text: string, indent = "  ") =>
    wrapText(text, width, indent).map((line) => paint(line, "faint", color));
  const lines: string[] = [];
  if (filter !== undefined) {
    const kept = `${folds.length} of ${formatCount(order.length, "layer")}`;
    lines.push(
      "",
      ...faint(`Showing the ${kept} that match ${escapeControls(String(filter))}.`, ""),
    );
  }
  const single = chartLayout(rows.flat(), { width });
  const layouts = isWide(width) ? besideLayouts(rows.slice(0, CHARTS_PER_LINE), width) : [];
  const beside = layouts.length;
  const together = charts.slice(0, beside).map(({ title, axis, bars }, i) => ({
    title,
    axis,
    layout: layouts[i],
    rows: pieces.map((_, row) => {
      const bar = bars.find((bar) => bar.row === row);
      return bar === undefined ? null : rowOf(bar);
    }),
  }));
  const own = charts.slice(beside).map(({ title, axis }, i) => [{
    title,
    axis,
    layout: single,
    rows: rows[beside + i],
  }]);
  for (const panels of beside > 0 ? [together, ...own] : own) {
    // Drop rows that are empty in every panel.
    const kept = panels[0].rows.map((_, i) => panels.some(({ rows }) => rows[i] !== null));
    const shown = panels.map((panel) => ({ ...panel, rows: panel.rows.filter((_, i) => kept[i]) }));
    lines.push("", ...drawPanels(shown, options));
  }
  const gaps = charts.flatMap((chart, i) =>
    gapsOf(rows[i], layouts[i] ?? single, chart, { details, order })
  );
  const signs = signsOf(rows.flat(), options);
  for (const note of new Set([...signs, ...gaps])) lines.push(...faint(note));
  return lines;
}

function mostRows(folds: readonly LayerFold[], width: number): number {
  if (isWide(width)) return MOST_ROWS.wide;
  const layers = folds.reduce((sum, { blocks }) => sum + blocks.length, 0);
  return layers <= MOST_ROWS.narrow ? MOST_ROWS.narrow : MOST_ROWS.folded;
}

/** Converts a bar to a row of text. */
function rowOf({ label, value, mark, gap, range }: ChartBar): BarChartRow {
  return {
    label,
    value: range === null ? value : range.from,
    ...range === null ? {} : { upTo: range.to, figure: formatNumber(value ?? range.from) },
    ...gap === null ? {} : { reason: gap, ...value === null ? {} : { figure: "NaN/Inf" } },
    ...mark === null ? {} : { mark },
  };
}

function signsOf(rows: BarChartRow[], { unicode = false }: RenderTextOptions): string[] {
  const signs = [
    ...rows.some(({ mark }) => mark === "error") ? ["! error"] : [],
    ...rows.some(({ mark }) => mark === "warning") ? ["? warning"] : [],
    ...rows.some(({ upTo }) => upTo !== undefined)
      ? [
        `${unicode ? "░" : "-"} up to the largest in the row, the figure is the worst`,
      ]
      : [],
  ];
  return signs.length > 0 ? [signs.join("; ")] : [];
}

/**
 * Lists reasons that did not fit into a chart; with details also what is healthy and which layers
 * have no row.
 */
function gapsOf(
  rows: BarChartRow[],
  layout: ChartLayout,
  { title, about, left }: Chart,
  { details, order }: { details: boolean; order: string[] },
): string[] {
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
    ...details ? [`${title}${about}`] : [],
    ...[...cut].map(([reason, names]) => `- = not measured, ${list(names)}: ${reason}`),
    ...details ? [...left].map(([reason, names]) => `not shown: ${list(names)} (${reason})`) : [],
  ].map((note) => escapeControls(note));
}
