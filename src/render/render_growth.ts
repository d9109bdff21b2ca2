import type { AxisGrowth, GrowthSummary, LayerGrowth } from "../study/growth/growth_summary.ts";
import { growthSummaryShape } from "../study/study_shapes.ts";
import { FLAT_SLOPE } from "../theory/growth_limits.ts";
import { defuse } from "../words/failure.ts";
import { formatNumber } from "../words/numbers.ts";
import { anyObject, requireValue, whole } from "../words/shape.ts";
import { escapeControls } from "../words/show_value.ts";
import { writeDocument } from "../words/document.ts";
import { cutNames, displayWidth, padEnd, wrapText } from "./fit_text.ts";
import {
  fixSentence,
  growthSentences,
  siblingWords,
  slopeWords,
  verdictWords,
} from "./growth_words.ts";
import { paint, type TextStyle } from "./paint.ts";
import type { RenderStudyOptions } from "./render_study.ts";

const LARGEST_NAME = 24;

/** Columns of a bar of slopes on each side of 0. */
const BAR = 8;

/** Slope at the end of a bar. */
const LARGEST_BAR = 1;

const STYLES: Record<LayerGrowth["level"], TextStyle> = {
  flat: "healthy",
  warning: "warning",
  error: "error",
};

/**
 * Shows how siblings of a model keep their scale: the verdict first, then the slopes of every layer
 * they share, their sizes over width or depth at each step, and the fix with its code.
 *
 * @param summary The summary from `summarizeGrowth`.
 * @param options Width and style of the text.
 * @returns The text, plain ASCII by default, with a newline at its end.
 * @throws {InputError} If `width` is not a whole number of at least 40.
 */
export function renderGrowth(summary: GrowthSummary, options: RenderStudyOptions = {}): string {
  requireValue("summary", summary, growthSummaryShape);
  requireValue("options", options, anyObject);
  const { width = 80, color = false, unicode = false } = options;
  requireValue("width", width, whole(40));
  const { model, source, level, growth, transfer, fixes } = summary;
  const say = (text: string, first = "", indent = first) =>
    wrapText(escapeControls(text), width, first, indent);
  const lines = [
    paint(`${escapeControls(source ?? model)}: ${verdictWords(summary)}`, STYLES[level], color),
    ...growthSentences(summary).flatMap((text) => say(text)),
  ];
  for (const one of growth) {
    lines.push("", paint(`SLOPES OVER ${siblingWords(one).toUpperCase()}`, "strong", color));
    lines.push(...slopeLines(one, { color, unicode }));
    lines.push("", paint(`SIZES OF ACTIVATIONS BY ${one.axis.toUpperCase()}`, "strong", color));
    lines.push(...curveLines(one));
  }
  for (const { sizes, best, of } of transfer) {
    const noun = of === "all" ? "best rate" : "best rate of the embedding";
    lines.push("", `${noun}, times the compiled one:`);
    lines.push(...sizes.map((size, i) => `${String(size).padStart(8)}  ${formatNumber(best[i])}`));
  }
  if (fixes !== null) {
    lines.push("", paint("FIX", "strong", color), ...say(fixSentence(fixes)));
    for (const { layer, words, code } of fixes.code) {
      lines.push(...say(`${layer}: ${words}`, "- ", "  "));
      lines.push(...code.split("\n").map((line) => `    ${escapeControls(line)}`));
    }
  }
  return `${lines.map(defuse).join("\n")}\n`;
}

/** Writes a summary of growth as JSON. */
export function renderGrowthSummary(summary: GrowthSummary): string {
  return writeDocument({ growth: summary });
}

/** Returns the table of slopes, one line a layer, with a bar for the steepest. */
function slopeLines(
  { layers }: AxisGrowth,
  { color, unicode }: { color: boolean; unicode: boolean },
): string[] {
  const names = namesOf(layers);
  const rows = layers.map((layer, i) => ({ layer, cells: [names[i], ...cellsOf(layer)] }));
  const heading = ["layer", "activations", "change", "gradient", "update"];
  const widths = heading.map((text, column) =>
    Math.max(displayWidth(text), ...rows.map(({ cells }) => displayWidth(cells[column])))
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => i === 0 ? padEnd(cell, widths[i]) : cell.padStart(widths[i])).join("  ");
  return [
    `${line(heading)}  -1${" ".repeat(BAR - 3)}0${" ".repeat(BAR - 2)}1`,
    ...rows.map(({ layer, cells }) => {
      const { level, repeats } = layer;
      const verdict = repeats ? "repeats" : level;
      return `${line(cells)}  ${bar(layer, { unicode })} ${paint(verdict, STYLES[level], color)}`;
    }),
    `slopes of log2 size; the middle of the steps; |slope| <= ${FLAT_SLOPE} is flat`,
  ];
}

function cellsOf({ size, change, slopes }: LayerGrowth): string[] {
  const [gradient] = slopes.gradients;
  const [update] = slopes.updates;
  return [
    slopeWords(size),
    slopeWords(change),
    gradient?.value.toFixed(2) ?? "",
    update?.value.toFixed(2) ?? "",
  ];
}

/** Draws the steeper of the two judged slopes as a bar from the middle. */
function bar({ size, change }: LayerGrowth, { unicode }: { unicode: boolean }): string {
  const slopes = [size, change].flatMap((slope) => slope === null ? [] : [slope.value]);
  const steepest = slopes.reduce((a, b) => Math.abs(b) > Math.abs(a) ? b : a, 0);
  const length = Math.min(BAR, Math.round(BAR * Math.abs(steepest) / LARGEST_BAR));
  const filled = (unicode ? "█" : "#").repeat(length);
  const left = steepest < 0 ? filled.padStart(BAR) : " ".repeat(BAR);
  const right = steepest > 0 ? filled.padEnd(BAR) : " ".repeat(BAR);
  return `${left}${unicode ? "│" : "|"}${right}`;
}

/** Returns the sizes of each layer: a line for each step, a column for each sibling. */
function curveLines({ layers, sizes }: AxisGrowth): string[] {
  const judged = layers.filter(({ repeats }) => !repeats);
  const names = namesOf(judged);
  const label = Math.max(5, ...names.map(displayWidth));
  const column = (text: string) => text.padStart(9);
  return [
    `${padEnd("layer", label)}  step${sizes.map((size) => column(String(size))).join("")}`,
    ...judged.flatMap(({ curves }, i) =>
      curves[0].map((_, step) =>
        `${padEnd(step === 0 ? names[i] : "", label)}  ${String(step).padStart(4)}${
          curves.map((steps) => column(formatNumber(steps[step]))).join("")
        }`
      )
    ),
  ];
}

function namesOf(layers: readonly LayerGrowth[]): string[] {
  const names = layers.map(({ name }) => escapeControls(name));
  return cutNames(names, Math.min(LARGEST_NAME, Math.max(5, ...names.map(displayWidth))));
}
