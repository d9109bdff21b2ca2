import type { AxisGrowth, GrowthSummary, LayerGrowth } from "../study/growth/growth_types.ts";
import { growthSummaryShape } from "../study/study_document.ts";
import { FLAT_SLOPE } from "../gate/gate_rules.ts";
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
import { paint, type TextStyle } from "./verdicts.ts";
import type { RenderStudyOptions } from "./render_study.ts";

const LARGEST_NAME = 24;

/** Columns of a bar of slopes on each side of 0, at most, and at least if there is one. */
const BAR = 8;
const LEAST_BAR = 3;

/** Columns of the longest verdict on a layer. */
const VERDICT = 7;

/** Columns of a text from which on slopes that are not judged are in the table. */
const WIDE = 72;

/** Columns of the size of a step, and of a sibling. */
const STEP = 6;
const SIZE = 9;

const STYLES: Record<LayerGrowth["level"], TextStyle> = {
  flat: "healthy",
  warning: "warning",
  error: "error",
};

/**
 * Shows if siblings of a model keep their scale: the verdict first, then the slopes of every layer
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
    lines.push(...slopeLines(one, { width, color, unicode }));
    lines.push("", paint(`SIZES OF ACTIVATIONS BY ${one.axis.toUpperCase()}`, "strong", color));
    lines.push(...curveLines(one, width));
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

/** Returns the table of slopes, one line for each layer, with a bar for the steepest if there is room. */
function slopeLines(
  { layers }: AxisGrowth,
  { width, color, unicode }: { width: number; color: boolean; unicode: boolean },
): string[] {
  // Columns that are not judged are dropped first.
  const judged = ["activations", "change"];
  const figures = width < WIDE ? judged : [...judged, "gradient", "update"];
  const cells = layers.map((layer) => cellsOf(layer).slice(0, figures.length));
  const figureWidths = figures.map((text, column) =>
    Math.max(text.length, ...cells.map((own) => own[column].length))
  );
  const taken = figureWidths.reduce((sum, columns) => sum + columns + 2, 0) + 2 + VERDICT;
  const names = namesOf(layers, width - taken);
  const nameWidth = Math.max("layer".length, ...names.map(displayWidth));
  const room = Math.min(BAR, Math.floor((width - taken - nameWidth - 2) / 2));
  const half = room < LEAST_BAR ? 0 : room;
  const rows = layers.map((layer, i) => ({ layer, cells: [names[i], ...cells[i]] }));
  const heading = ["layer", ...figures];
  const widths = [nameWidth, ...figureWidths];
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => i === 0 ? padEnd(cell, widths[i]) : cell.padStart(widths[i])).join("  ");
  return [
    half === 0
      ? line(heading)
      : `${line(heading)}  -1${" ".repeat(half - 2)}0${" ".repeat(half - 1)}1`,
    ...rows.map(({ layer, cells }) => {
      const { level, repeats } = layer;
      const verdict = repeats ? "repeats" : level;
      const drawn = half === 0 ? "" : `${bar(layer, { half, unicode })} `;
      return `${line(cells)}  ${drawn}${paint(verdict, STYLES[level], color)}`;
    }),
    ...wrapText(
      `slopes of log2 size; the middle of the steps; |slope| <= ${FLAT_SLOPE} is flat`,
      width,
    ),
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

/** Draws the steeper of the two judged slopes as a bar from the middle, which ends at a slope of 1. */
function bar(
  { size, change }: LayerGrowth,
  { half, unicode }: { half: number; unicode: boolean },
): string {
  const slopes = [size, change].flatMap((slope) => slope === null ? [] : [slope.value]);
  const steepest = slopes.reduce((a, b) => Math.abs(b) > Math.abs(a) ? b : a, 0);
  const length = Math.min(half, Math.round(half * Math.abs(steepest)));
  const filled = (unicode ? "█" : "#").repeat(length);
  const left = steepest < 0 ? filled.padStart(half) : " ".repeat(half);
  const right = steepest > 0 ? filled.padEnd(half) : " ".repeat(half);
  return `${left}${unicode ? "│" : "|"}${right}`;
}

/** Returns the sizes of each layer: a line for each step, a column for each sibling. */
function curveLines({ layers, sizes }: AxisGrowth, width: number): string[] {
  const judged = layers.filter(({ repeats }) => !repeats);
  const names = namesOf(judged, width - STEP - SIZE * sizes.length);
  const label = Math.max(5, ...names.map(displayWidth));
  const column = (text: string) => text.padStart(SIZE);
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

/** Returns the names of layers, in as many columns if they are at least five. */
function namesOf(layers: readonly LayerGrowth[], room: number): string[] {
  const names = layers.map(({ name }) => escapeControls(name));
  const longest = Math.max(5, ...names.map(displayWidth));
  return cutNames(names, Math.min(LARGEST_NAME, longest, Math.max(5, room)));
}
