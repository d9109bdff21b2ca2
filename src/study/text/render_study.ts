import { studyHeaderShape, summaryShape } from "../study_document.ts";
import type { StudySummary, VariantSummary } from "../study_summary.ts";
import { writeJson } from "../../ground/words/document.ts";
import { defuse } from "../../ground/words/failure.ts";
import { formatFactor, formatNumber, roundTo } from "../../ground/words/numbers.ts";
import { anyObject, number, requireValue, whole } from "../../ground/words/shape.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { cutNames, displayWidth, NO_BREAK, padEnd, wrapText } from "../../core/text/fit_text.ts";
import { paint } from "../../core/text/verdicts.ts";
import { escapeLine, escapeText, folded } from "../../core/text/render_markdown.ts";
import {
  heatRow,
  type PlotStyle,
  type RatioCurve,
  ratioPlot,
  ratioSigns,
  type ScaleColumns,
  scaleColumns,
  shadesLegend,
  type StudyCharts,
  studyCharts,
} from "./study_charts.ts";
import {
  bestScaleSentence,
  letterOf,
  noneHealthy,
  studyCells,
  studySentences,
  studyTable,
} from "./study_words.ts";

/** Options of {@linkcode renderStudy}. */
export interface RenderStudyOptions {
  /** Maximum width of a line in columns, at least 40. Default: 80. */
  width?: number;
  /** True to colour by size and verdict (ANSI escapes); for terminals only. Default: false. */
  color?: boolean;
  /** True to draw with Unicode instead of plain ASCII. Default: false. */
  unicode?: boolean;
}

const LARGEST_LABEL = 14;
/** Maximum number of layers shown: evenly spaced, including the first and the last. */
const MOST_LAYERS = 12;

/**
 * Shows a study as text. The answer comes first: one line and one sentence per activation. Then,
 * for each, heat maps of every layer's activations and gradients over the scale (from left to
 * right), the verdict at every scale, and the ratio of the first layer's delta to the last layer's,
 * with the prediction of mean-field theory.
 *
 * @param summary The summary from `summarizeStudy`.
 * @param options See {@linkcode RenderStudyOptions}.
 * @returns The text, plain ASCII by default, with a newline at its end.
 * @throws {InputError} If `width` is not a whole number of at least 40.
 *
 * @example The answer comes first
 * ```ts
 * import { renderStudy } from "@gradient-health/gradient-health/render";
 * import { study, summarizeStudy } from "@gradient-health/gradient-health/study";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const result = await study({ network: "exercise" }, { scales: [0.001, 1] });
 * const text = renderStudy(summarizeStudy(result));
 * assertStringIncludes(text, "RESCALING STUDY");
 * ```
 */
export function renderStudy(summary: StudySummary, options: RenderStudyOptions = {}): string {
  requireValue("summary", summary, summaryShape);
  requireValue("options", options, anyObject);
  const { width = 80, color = false, unicode = false } = options;
  requireValue("width", width, whole(40));
  const style = { width, color, unicode };
  const strong = (text: string) => paint(text, "strong", color);
  const say = (text: string) => wrapText(escapeControls(text), width);
  const { variants } = summary;
  const lines = [
    strong("RESCALING STUDY"),
    ...studyAnswer(summary, width),
    "",
    strong("HOW TO READ THE CHARTS"),
    ...say(
      "From left to right the kernels grow. Each row of a heat map is a layer, the first one on top: " +
        "a healthy column has much the same shade from top to bottom. The median of the draws is shown.",
    ),
    ...say(shadesLegend(style)),
    ...say(
      "Verdict: + healthy in half of the draws or more; else what fails in most of them: " +
        summary.header.rules.map((rule) => `${letterOf(rule)}${NO_BREAK}${rule}`).join(", ") + ".",
    ),
  ];
  for (const variant of variants) {
    lines.push("", ...section(variant, summary.header.rules, style));
  }
  return `${lines.map(defuse).join("\n")}\n`;
}

/**
 * Returns the results of a study without charts: its sentences, its table and the best scale of
 * each activation.
 */
export function studyAnswer(summary: StudySummary, width: number): string[] {
  const { variants } = summary;
  return [
    ...studySentences(summary).flatMap((text) => wrapText(escapeControls(text), width)),
    "",
    ...studyTable(summary, width),
    "",
    ...variants.flatMap((variant) =>
      wrapText(escapeControls(bestScaleSentence(variant)), width, "- ", "  ")
    ),
  ];
}

/** Options for drawing the text. */
interface StudyStyle extends PlotStyle {
  width: number;
}

function section(variant: VariantSummary, rules: readonly string[], style: StudyStyle): string[] {
  const { width, color, unicode } = style;
  const edge = unicode ? "│" : "|";
  const charts = studyCharts(variant, rules);
  const { scales, best, ratio } = charts;
  const maps = charts.maps.map(({ title, rows }) => ({
    title,
    count: rows.length,
    rows: evenly(rows, MOST_LAYERS),
  }));
  // A layer has the same name, cut the same way, in both maps.
  const layers = new Map(
    maps.flatMap(({ rows }) => rows.map(({ layer, name }) => [layer, escapeControls(name)])),
  );
  const label = Math.min(LARGEST_LABEL, Math.max(7, ...[...layers.values()].map(displayWidth)));
  const cut = cutNames([...layers.values()], label);
  const names = new Map([...layers.keys()].map((layer, i) => [layer, cut[i]]));
  const columns = scaleColumns(scales, width - label - 3, best);
  const { axis, shown, cell } = columns;
  const indent = " ".repeat(label + 2);
  const drawn = maps.map(({ title, count, rows }) => [
    ...wrapText(
      rows.length < count
        ? `${title} (${[rows.length, "of", count, "layers"].join(NO_BREAK)})`
        : title,
      width,
    ),
    ...rows.map(({ layer, cells }) =>
      `${padEnd(names.get(layer)!, label)} ${edge}${
        heatRow(shown.map((i) => cells[i]), cell, style)
      }${edge}`
    ),
  ]);
  return [
    ...wrapText(
      `${escapeControls(variant.label.toUpperCase())}: ${
        best === null ? noneHealthy(variant) : `best scale ${formatFactor(scales[best])}`
      }`,
      width,
    ).map((line) => paint(line, "strong", color)),
    ...shown.length < scales.length ? [`(${shown.length} of ${scales.length} scales shown)`] : [],
    `${"scale".padEnd(label)}  ${axis}`,
    ...sigmaAxis(charts, columns, label, width),
    `${"verdict".padEnd(label)}  ${verdictRow(charts, columns, style)}`,
    "",
    ...drawn[0],
    "",
    ...drawn[1],
    `${indent}${axis}`,
    ...ratio === null ? [] : ratioLines(ratio, columns, label, style),
  ];
}

/** Draws the verdict of each shown scale: `+`, or the letter of the rule that fails. */
function verdictRow(
  { verdicts }: StudyCharts,
  { shown, cell }: ScaleColumns,
  { color }: StudyStyle,
): string {
  return shown.map((i) => {
    const rule = verdicts[i];
    return rule === null
      ? paint("+".repeat(cell), "healthy", color)
      : paint(letterOf(rule).repeat(cell), "error", color);
  }).join("");
}

/** Picks evenly spaced elements, including the first and the last. */
function evenly<T>(all: readonly T[], most: number): readonly T[] {
  const last = all.length - 1;
  return all.length <= most
    ? all
    : Array.from({ length: most }, (_, i) => all[Math.round(i * last / (most - 1))]);
}

/** Draws a second axis with sigma_w, unless that is the scale itself. */
function sigmaAxis(
  { sigmas }: StudyCharts,
  { shown, cell }: ScaleColumns,
  label: number,
  width: number,
): string[] {
  if (sigmas === null) return [];
  let line = "";
  const step = Math.max(1, Math.round(8 / cell));
  for (let i = 0; i < shown.length; i += step) {
    const start = i * cell;
    if (line !== "" && start <= line.length) continue;
    const text = formatNumber(roundTo(2, sigmas[shown[i]]));
    if (label + 2 + start + text.length > width) break;
    line = line.padEnd(start) + text;
  }
  return [`${"sigma_w".padEnd(label)}  ${line}`];
}

function ratioLines(
  ratio: RatioCurve,
  columns: ScaleColumns,
  label: number,
  style: StudyStyle,
): string[] {
  const signs = ratioSigns(style);
  const theory = columns.shown.some((i) => ratio.predicted[i] !== null)
    ? `, ${signs.predicted} mean-field theory, ${signs.both} both`
    : "";
  return [
    "",
    ...wrapText(
      `delta of ${escapeControls(ratio.first)} over delta of ${
        escapeControls(ratio.last)
      }: ${signs.measured} measured (${signs.spread} between the ` +
        `quartiles of the draws)${theory}; healthy between the lines; values outside the chart are drawn at ` +
        `its edge`,
      style.width,
    ),
    ...ratioPlot(ratio, columns, label, style),
    `${" ".repeat(label + 2)}${columns.axis}`,
  ];
}

/**
 * Writes the summary of a study as JSON, for programs that do not need single draws: for each
 * variant and scale the number of healthy draws, the rules that the others failed, and the median
 * and quartiles of each figure of each layer; one scale per line. Here `best` is a scale. NaN and
 * the infinities are written as the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.
 *
 * @param summary The summary from `summarizeStudy`.
 * @returns The JSON text, with a newline at its end.
 *
 * @example The median gradient of the first layer
 * ```ts
 * import { renderStudySummary } from "@gradient-health/gradient-health/render";
 * import { study, summarizeStudy } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * const result = await study({ network: "exercise" }, { scales: [0.001, 1], seeds: 3 });
 * const { variants } = JSON.parse(renderStudySummary(summarizeStudy(result)));
 * const [{ scale, draws, layers }] = variants[0].scales;
 * assertEquals([scale, draws], [0.001, 3]);
 * console.log(layers[0].figures.gradient.median);
 * ```
 */
export function renderStudySummary(summary: StudySummary): string {
  requireValue("summary", summary, summaryShape);
  const { header, points, variants } = summary;
  const list = (lines: string[], indent: string) =>
    `[${lines.map((line) => `\n${indent}  ${line}`).join(",")}\n${indent}]`;
  const entries = (record: object) => line(record).slice(1, -1);
  const blocks = variants.map(({ scales, best, ...variant }) =>
    `{${entries({ ...variant, best: best?.scale ?? null })},"scales":${
      list(scales.map(line), "    ")
    }}`
  );
  const format = `${header.format} summary`;
  const opening = entries({ ...studyHeaderShape.encode(header) as object, format, points });
  return `{${opening},"variants":${list(blocks, "")}}\n`;
}

function line(value: object): string {
  return writeJson(value, (_, entry) => typeof entry === "number" ? number.encode(entry) : entry);
}

/**
 * Shows a study as Markdown: the table and the sentences, with the charts in a folded block.
 *
 * @param summary The summary from `summarizeStudy`.
 * @returns The Markdown, with a newline at its end.
 *
 * @example For a step summary
 * ```ts
 * import { renderStudyMarkdown } from "@gradient-health/gradient-health/render";
 * import { study, summarizeStudy } from "@gradient-health/gradient-health/study";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const result = await study({ network: "exercise" }, { scales: [0.001, 1] });
 * const text = renderStudyMarkdown(summarizeStudy(result));
 * assertStringIncludes(text, "## Rescaling study");
 * ```
 */
export function renderStudyMarkdown(summary: StudySummary): string {
  requireValue("summary", summary, summaryShape);
  const [heading, ...rows] = studyCells(summary);
  const line = (cells: string[]) => `| ${cells.map(escapeText).join(" | ")} |`;
  const charts = renderStudy(summary, { width: 80 });
  return [
    "## Rescaling study",
    "",
    ...studySentences(summary).map(escapeLine),
    "",
    line(heading),
    `|${heading.map(() => " --- ").join("|")}|`,
    ...rows.map(line),
    "",
    ...summary.variants.map((variant) => `- ${escapeLine(bestScaleSentence(variant))}`),
    "",
    ...folded("Charts", charts.trimEnd().split("\n")),
    "",
  ].join("\n");
}
