import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Finding } from "../rules/finding.ts";
import { findingShape, measurementsShape } from "../rules/require_measurements.ts";
import { defuse } from "../../ground/words/failure.ts";
import { formatNumber, formatShare, roundTo } from "../../ground/words/numbers.ts";
import {
  list,
  object,
  optional,
  primitive,
  requireValue,
  whole,
} from "../../ground/words/shape.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { caveatLines, renderHeader } from "./render_header.ts";
import { cutEnd, cutMiddle, cutNames, displayWidth, padEnd, wrapText } from "./fit_text.ts";
import {
  type Compared,
  FIGURE_OF_RULE,
  type LayerFigure,
  type LayerRow,
  layerTable,
  renderWholeNumbers,
  type RowFold,
} from "./layer_table.ts";
import { paint, SEVERITY_MARKS } from "./verdicts.ts";
import { renderRates } from "./report_charts.ts";
import { renderCharts, type RenderTextOptions, shownFolds } from "./render_charts.ts";
import { findingWords, renderDiagnosis, verdictLine } from "./render_diagnosis.ts";
import { renderFindings } from "./render_findings.ts";

/** Options for drawing the table. */
interface TableStyle {
  width: number;
  color: boolean;
  unicode: boolean;
}

/** Column of the table. */
interface Column {
  /** Heading above this one; adjacent columns with the same one share it. */
  over: string;
  /** Heading. */
  heading: string;
  /** Text in each row. */
  cells: string[];
  /** Order in which columns are dropped if space is short: largest first, 0 never. */
  spare: number;
  /** True if it holds words, which are left-aligned. */
  isWord?: boolean;
}

/** Maximum share of the line for a name. */
const LARGEST_NAME = 0.3;

/** Largest width of the name of a rule: that of `saturated-activations`. */
const LONGEST_REASON = 21;

/** Columns that show each figure: a row that is marked for it needs them. */
const COLUMNS_OF_FIGURES: Record<LayerFigure, string> = {
  gradient: "gradient rms",
  activation: "output rms",
  kernel: "kernel std",
  saturated: "sat",
  dead: "dead",
  entropy: "entropy",
};

/** Draws the table of layers: as many columns as fit, with a legend below. */
export function renderLayerTable(rows: readonly LayerRow[], style: TableStyle): string[] {
  if (rows.length === 0) return [];
  const { width, color, unicode } = style;
  const names = rows.map(({ name }) => escapeControls(name));
  const longest = Math.max("layer".length, ...names.map(displayWidth));
  const label = Math.min(longest, Math.max(5, Math.floor(width * LARGEST_NAME)));
  const cut = cutNames(names, label, unicode ? "…" : "..");
  const columns = fitting(columnsOf(rows, style), width - 2 - label);
  const widths = widthsOf(columns);
  const line = (texts: string[]) =>
    texts.map((text, i) => {
      const blank = " ".repeat(Math.max(0, widths[i] - displayWidth(text)));
      return " ".repeat(gapBefore(columns, i)) + (columns[i].isWord ? text + blank : blank + text);
    }).join("");
  const faint = (text: string) => paint(text.trimEnd(), "faint", color);
  const above = overLine(columns, widths);
  const lines = [
    ...above.trim() === "" ? [] : [faint(" ".repeat(label + 2) + above)],
    faint(`  ${padEnd("layer", label)}${line(columns.map(({ heading }) => heading))}`),
  ];
  for (const [i, { mark, fold }] of rows.entries()) {
    if (fold !== null) lines.push(...foldLines(fold, style).map((text) => faint(`  ${text}`)));
    const start = `${mark === null ? " " : SEVERITY_MARKS[mark]} ${padEnd(cut[i], label)}`;
    const rest = line(columns.map(({ cells }) => cells[i])).trimEnd();
    lines.push(mark === null ? (start + rest).trimEnd() : paint(start, mark, color) + rest);
  }
  return [...lines, ...wrapText(legendOf(columns, rows), width, "  ").map(faint)];
}

/** Returns `block_3 ... block_14: 12 alike, worst block_9`; the next row shows the worst. */
function foldLines(fold: RowFold, { width, unicode }: TableStyle): string[] {
  const { name, blocks, layers: [least, most], worst, sameShapes } = fold;
  const size = least === most ? String(least) : `${least} to ${most}`;
  const alike = sameShapes ? "alike" : "alike except for their shapes";
  const what = most === 1 ? `${blocks} ${alike}` : `${blocks} blocks of ${size} layers, ${alike}`;
  const longest = Math.max(8, width - 40);
  const short = (text: string) =>
    cutMiddle(escapeControls(text), longest, { ellipsis: unicode ? "…" : ".." });
  return wrapText(`${short(name)}: ${what}, worst ${short(worst)}`, width - 2, "", "  ");
}

function columnsOf(rows: readonly LayerRow[], { unicode, width }: TableStyle): Column[] {
  const figure = (value: number | null | undefined) =>
    value === null || value === undefined ? "" : formatNumber(roundTo(2, value));
  const share = (value: number | null) => value === null ? "" : formatShare(value);
  const half = (within: number | null) =>
    within === null ? "" : `${unicode ? "±" : "+-"}${figure(100 * within)}%`;
  const theory = (of: (row: LayerRow) => Compared) => (row: LayerRow) => figure(of(row).predicted);
  const noise = (of: (row: LayerRow) => Compared) => (row: LayerRow) => {
    const { noise } = of(row);
    return noise === null ? "" : `${unicode ? "×" : "x"}${formatNumber(Math.exp(noise))}`;
  };
  const pair = (over: string, of: (row: LayerRow) => Compared, spare: number) => [
    column(over, "is", (row) => figure(of(row).measured), spare),
    column(over, "theory", theory(of), spare + 0.5),
    column(over, "within", noise(of), spare + 3),
  ];
  const column = (
    over: string,
    heading: string,
    cell: (row: LayerRow) => string,
    spare: number,
  ): Column => ({ over, heading, cells: rows.map(cell), spare });
  const longestClass = Math.max(12, Math.floor(width * 0.24));
  const all: Column[] = [
    { ...column("", "class", (row) => cutEnd(classOf(row), longestClass, ".."), 1), isWord: true },
    column("", "output", ({ shape }) => shape === null ? "" : shape.join("x") || "1", 2),
    column(
      "",
      "params",
      ({ parameters }) => parameters === 0 ? "" : formatParameters(parameters),
      5,
    ),
    column("kernel std", "is", ({ kernel }) => figure(kernel?.std), 0),
    column("kernel std", "95 %", ({ within }) => half(within), 0),
    column("kernel std", "target", ({ kernel }) => figure(kernel?.target), 0),
    { ...column("", "drawn as by", ({ drawnBy }) => drawnBy ?? "", 4), isWord: true },
    ...pair("output rms", ({ output }) => output, 4),
    ...pair("gradient rms", ({ gradient }) => gradient, 6),
    column("", "sat", ({ saturated }) => share(saturated), 3),
    column("", "dead", ({ dead }) => share(dead), 3),
    column("", "entropy", ({ entropy }) => figure(entropy), 5),
  ];
  const filled = all.filter(({ cells }) => cells.some((cell) => cell !== ""));
  return withReasons(filled, rows);
}

/**
 * Keeps the figure of each marked row's rule, even in a narrow table; a separate column names a
 * rule without such a figure.
 */
function withReasons(columns: readonly Column[], rows: readonly LayerRow[]): Column[] {
  const isOf = (column: Column, rule: string) =>
    COLUMNS_OF_FIGURES[FIGURE_OF_RULE[rule]] === (column.over || column.heading);
  const kept = columns.map((column) => {
    const isNeeded = column.heading !== "theory" && column.heading !== "within" &&
      rows.some(({ rules }, row) =>
        column.cells[row] !== "" && rules.some((rule) => isOf(column, rule))
      );
    return isNeeded ? { ...column, spare: 0 } : column;
  });
  // Weights may have no gradient though their layer's delta, the figure of this table, is not 0.
  const isElsewhere = (rule: string, { gradient }: LayerRow) =>
    rule === "gradients-flow" && gradient.measured !== 0;
  const why = rows.map((row, i) =>
    row.rules.some((rule) =>
        !isElsewhere(rule, row) && columns.some((one) => isOf(one, rule) && one.cells[i] !== "")
      )
      ? ""
      : row.rules[0] ?? ""
  );
  if (why.every((rule) => rule === "")) return kept;
  const cells = why.map((rule) => cutEnd(escapeControls(rule), LONGEST_REASON, ".."));
  return [...kept, { over: "", heading: "why", cells, spare: 0, isWord: true }];
}

function classOf({ className, followers }: LayerRow): string {
  return escapeControls(className) + (followers === 0 ? "" : ` +${followers}`);
}

/** Formats large numbers of weights briefly: `2.36M`. */
function formatParameters(count: number): string {
  const units: [number, string][] = [[1e9, "G"], [1e6, "M"], [1e4, "k"]];
  const [size, unit] = units.find(([size]) => count >= size) ?? [1, ""];
  return unit === "" ? String(count) : formatNumber(count / (unit === "k" ? 1e3 : size)) + unit;
}

/** Drops columns, most dispensable first, until the rest fits. */
function fitting(columns: Column[], room: number): Column[] {
  const taken = widthsOf(columns).reduce((sum, width, i) => sum + gapBefore(columns, i) + width, 0);
  if (taken <= room) return columns;
  const most = Math.max(...columns.map(({ spare }) => spare));
  // If even the indispensable columns do not fit, drop the last of them.
  return most === 0
    ? fitting(columns.slice(0, -1), room)
    : fitting(columns.filter(({ spare }) => spare < most), room);
}

function widthsOf(columns: readonly Column[]): number[] {
  const widths = columns.map(({ heading, cells }) =>
    Math.max(heading.length, ...cells.map(displayWidth))
  );
  // A shared heading may be wider than its columns.
  for (const [from, to, over] of spans(columns)) {
    widths[from] += Math.max(0, over.length - innerWidth(widths, from, to));
  }
  return widths;
}

/** Returns the gap before a column: smaller between columns that share a heading. */
function gapBefore(columns: readonly Column[], i: number): number {
  const { over } = columns[i];
  return i > 0 && over !== "" && over === columns[i - 1].over ? 1 : 2;
}

/** Returns the total width of columns that share a heading. */
function innerWidth(widths: readonly number[], from: number, to: number): number {
  return widths.slice(from, to + 1).reduce((sum, width) => sum + width + 1, -1);
}

/** Returns the runs of columns that share a heading: first, last and heading. */
function spans(columns: readonly Column[]): [from: number, to: number, over: string][] {
  const spans: [number, number, string][] = [];
  for (const [i, { over }] of columns.entries()) {
    const last = spans.at(-1);
    if (last !== undefined && last[2] === over && over !== "") last[1] = i;
    else spans.push([i, i, over]);
  }
  return spans;
}

function overLine(columns: readonly Column[], widths: readonly number[]): string {
  return spans(columns)
    .map(([from, to, over]) => `  ${over.padStart(innerWidth(widths, from, to))}`).join("");
}

/** Explains the columns shown. */
function legendOf(columns: readonly Column[], rows: readonly LayerRow[]): string {
  const has = (heading: string) => columns.some((column) => column.heading === heading);
  const shown = (over: string) => columns.some((column) => column.over === over);
  const noises = rows.flatMap(({ output, gradient }) => [
    ...shown("output rms") ? [output.noise ?? 0] : [],
    ...shown("gradient rms") ? [gradient.noise ?? 0] : [],
  ]);
  const factor = formatNumber(Math.exp(Math.max(0, ...noises)));
  const everywhere = factor === "1" ? "" : `, within a factor of ${factor}`;
  const within = has("within") ? ", within the factor" : everywhere;
  return [
    ...has("95 %") ? ["95 %: interval of the spread of all entries, from the sample"] : [],
    ...has("target") ? ["target: of the fitting initialiser"] : [],
    ...has("theory") ? [`theory: of random weights of this size${within}`] : [],
    ...shown("gradient rms") ? ["gradient: before the activation"] : [],
    ...has("sat") ? ["sat: saturated outputs"] : [],
    ...has("dead") ? ["dead: units always off"] : [],
    ...has("entropy") ? ["entropy: of attention rows, 1 if uniform"] : [],
  ].join("; ");
}

/**
 * Shows a measured network as text: the verdict and the causes, what was measured, bar charts of
 * every layer's gradient and activation (side by side from 100 columns on), a table of the layers
 * with the predictions of theory, and the verdict again. Blocks that repeat share a row. With
 * `details`, or without a diagnosis, all findings follow in sentences. Layers with an error are
 * marked `!`, those with a warning `?`. No line is longer than `width`.
 *
 * @param measurements The measurements.
 * @param findings The findings of the rules.
 * @param options See {@linkcode RenderTextOptions}.
 * @returns The text, with a newline at its end.
 * @throws {InputError} If `width` is not a whole number of at least 20.
 *
 * @example For a terminal
 * ```ts
 * import { renderText } from "@gradient-health/gradient-health/render";
 * import type { Measurements } from "@gradient-health/gradient-health/measure";
 *
 * function show(measurements: Measurements) {
 *   const color = Deno.stdout.isTerminal();
 *   console.log(renderText(measurements, [], { color, unicode: true }));
 * }
 * ```
 */
export function renderText(
  measurements: Measurements,
  findings: readonly Finding[],
  options: RenderTextOptions = {},
): string {
  requireValue("measurements", measurements, measurementsShape);
  requireValue("findings", findings, list(findingShape));
  requireValue(
    "options",
    options,
    object({
      scale: optional(
        primitive('"log" or "linear"', (value) => value === "log" || value === "linear"),
      ),
      layers: optional(primitive("a RegExp", (value) => value instanceof RegExp)),
    }),
  );
  const { width = 80, unicode = false, color = false } = options;
  requireValue("width", width, whole(20));
  const style = { width, color, unicode, ellipsis: unicode ? "…" : ".." };
  const order = measurements.layers.map(({ name }) => name);
  const { diagnosis, details = diagnosis === undefined } = options;
  const folds = shownFolds(measurements, options);
  const isFolded = folds.some(({ blocks }) => blocks.flat(2).length > 1);
  const lines = [
    ...caveatLines(measurements, width),
    ...diagnosis === undefined ? [] : [
      ...renderDiagnosis(diagnosis, measurements.layers, style),
      ...diagnosis.rates?.search == null ? [] : ["", ...renderRates(diagnosis.rates.search, style)],
      "",
    ],
    ...renderHeader(measurements, { ...style, engine: details }),
    ...renderCharts(measurements, findings, { ...options, width, color, details }),
    "",
    ...renderLayerTable(layerTable(measurements, findings, folds), style),
    "",
    ...renderWholeNumbers(measurements, style),
    ...details ? renderFindings(findings, order, { ...style, sums: diagnosis === undefined }) : [],
    ...diagnosis === undefined
      ? []
      : closingLines(findings, diagnosis, { isFolded, details }, style),
  ];
  while (lines.at(-1) === "") lines.pop();
  return `${lines.map(defuse).join("\n")}\n`;
}

/** States the omissions and the flag that shows them, then repeats the verdict. */
function closingLines(
  findings: readonly Finding[],
  diagnosis: Diagnosis,
  { isFolded, details }: { isFolded: boolean; details: boolean },
  style: { width: number; color: boolean },
): string[] {
  const hints = [
    ...findings.length === 0
      ? []
      : [`${findingWords(findings, diagnosis.causes)}${details ? "" : "; see --details"}.`],
    ...isFolded ? ["Every layer: --all."] : [],
  ];
  return [...wrapText(hints.join(" "), style.width), verdictLine(diagnosis, style)];
}
