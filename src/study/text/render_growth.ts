import { FLAT_SLOPE, STEEP_SLOPE } from "../../ground/theory/sibling_slopes.ts";
import type { SiblingFault } from "../../core/measure/measurements.ts";
import {
  type AxisGrowth,
  type GrowthFix,
  type GrowthLevel,
  type GrowthSlope,
  type GrowthSummary,
  judgedLayers,
  LARGE_RATE,
  type LayerGrowth,
  levelOf,
  type RateTransfer,
  steepestSlope,
} from "../growth/growth_types.ts";
import { growthSummaryShape } from "../study_document.ts";
import { writeDocument } from "../../ground/words/document.ts";
import { defuse } from "../../ground/words/failure.ts";
import { formatCount, formatNumber } from "../../ground/words/numbers.ts";
import { anyObject, requireValue, whole } from "../../ground/words/shape.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { cutNames, displayWidth, padEnd, wrapText } from "../../core/text/fit_text.ts";
import type { RenderStudyOptions } from "./render_study.ts";
import { paint, type Tone } from "../../core/text/verdicts.ts";

const LEVEL_WORDS: Record<GrowthLevel, string> = {
  flat: "scale-free",
  warning: "drifts with its size",
  error: "does not keep its scale",
};

/** Number of steep layers that are named for each axis; the table has them all. */
const MAX_NAMED = 3;

const SEVERITIES: readonly string[] = ["error", "warning"];

/** Returns the verdict in a few words, for the head of a text or a page. */
export function verdictWords({ level, transfer }: GrowthSummary): string {
  if (transfer.length === 0) return LEVEL_WORDS[level];
  if (level === "flat") return "the best rate transfers";
  return transfer.every((one) => one.level === "flat" || isUnknown(one))
    ? "the best rate was not found"
    : "the best rate does not transfer";
}

/** Returns true if the rates are flat only because none that was tried is the best. */
const isUnknown = ({ level, slope }: RateTransfer) =>
  level !== "flat" && Math.abs(slope.value) <= FLAT_SLOPE;

/** Writes a slope with its interval: `-0.03 +- 0.10`. */
export function slopeWords(slope: GrowthSlope | null): string {
  if (slope === null) return "";
  if (!Number.isFinite(slope.value)) return "not finite";
  const value = slope.value.toFixed(2).replace(/^-(0\.00)$/, "$1");
  return slope.half === null ? value : `${value} +- ${slope.half.toFixed(2)}`;
}

/** Names the siblings: `width 64 to 512 at depth 4`. */
export function siblingWords(
  { axis, sizes, at }: Pick<AxisGrowth, "axis" | "sizes" | "at">,
): string {
  const other = axis === "width" ? "depth" : "width";
  return `${axis} ${sizes[0]} to ${sizes.at(-1)}${at === null ? "" : ` at ${other} ${at}`}`;
}

/** Returns the sentences of a summary: what was tested, the verdict, and what is wrong. */
export function growthSentences(summary: GrowthSummary): string[] {
  const { growth, transfer } = summary;
  return [
    testedSentence(summary),
    ...growth.flatMap(axisSentences),
    ...transfer.map(transferSentence),
  ];
}

function testedSentence({ training, seeds, growth, transfer }: GrowthSummary): string {
  const { optimizer, rate, raised, steps } = training;
  const drawn = formatCount(seeds.length, "seed");
  const at = rate === null ? "" : ` at a rate of ${formatNumber(rate * raised)}`;
  const because = raised === 1 ? "" : ` (${raised} times the compiled one, which moves too little)`;
  if (transfer.length > 0) {
    return `Tested: transfer of the best rate, ${steps} steps of ${optimizer} at 5 rates, ${drawn}. ` +
      "Not tested: the scale of each layer (leave out --rates).";
  }
  const layers = Math.max(0, ...growth.map((one) => judgedLayers(one).length));
  return `Tested: the scale of ${
    formatCount(layers, "layer")
  }, ${steps} steps of ${optimizer}${at}${because}, ${drawn}. Not tested: transfer of the best rate (add --rates).`;
}

function axisSentences(growth: AxisGrowth): string[] {
  return [...judgedSentences(growth), ...adamSentences(growth)];
}

function adamSentences({ withAdam, ...siblings }: AxisGrowth): string[] {
  if (withAdam === null) return [];
  const { layer, slope } = withAdam;
  const found = Number.isFinite(slope) ? slope.toFixed(2) : "not finite";
  return [
    `Not judged: with Adam at a rate of ${LARGE_RATE} in its place, the steepest slope over ` +
    `${siblingWords(siblings)} is ${found} (\`${layer}\`).`,
  ];
}

/** States the certainty of a judgement about steep slopes. */
function doubtSentences(growth: AxisGrowth): string[] {
  const steep = judgedLayers(growth).filter(({ level }) => level !== "flat");
  const isSure = (slope: GrowthSlope | null) =>
    slope !== null && Math.abs(slope.value) - (slope.half ?? Infinity) > FLAT_SLOPE;
  const unsure = steep.filter(({ size, change }) => !isSure(size) && !isSure(change));
  if (unsure.length === 0) return [];
  const isAlone = unsure.every(({ size, change }) => (size ?? change)?.half === null);
  const why = isAlone
    ? "one seed has no interval"
    : "their intervals over the seeds hold flat slopes too";
  const of = unsure.length === steep.length
    ? ""
    : ` for ${unsure.length} of these ${formatCount(steep.length, "layer")}`;
  return [`Not certain${of}: ${why}; use more seeds.`];
}

function judgedSentences(growth: AxisGrowth): string[] {
  const faults = growthFaults(growth).toSorted((a, b) =>
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || b.slope - a.slope
  );
  if (faults.length > 0) {
    const rest = faults.length - MAX_NAMED;
    return [
      ...faults.slice(0, MAX_NAMED).map(({ severity, message }) =>
        `${severity === "error" ? "Error" : "Warning"} in ${message}`
      ),
      ...rest <= 0 ? [] : [
        `${formatCount(rest, "more layer")} over ${siblingWords(growth)} ${
          rest === 1 ? "is" : "are"
        } steep, less than these.`,
      ],
      ...doubtSentences(growth),
    ];
  }
  return [
    `Over ${siblingWords(growth)} every judged slope is at most ` +
    `${steepestSlope(growth).toFixed(2)} in size (a warning above ${FLAT_SLOPE}, an error above ` +
    `${STEEP_SLOPE}); those of gradients and updates are not judged, because they change with the ` +
    "size of sound networks too.",
  ];
}

/** Returns the layers whose slope is not flat, with a sentence for each that begins with its name. */
export function growthFaults(growth: AxisGrowth): SiblingFault[] {
  return judgedLayers(growth).flatMap(({ name, size, change, level }) => {
    if (level === "flat") return [];
    const steep = [
      { slope: size, subject: "the size of its activations" },
      { slope: change, subject: "the change of its activations per step" },
    ].flatMap(({ slope, subject }) =>
      slope === null || levelOf(slope.value) === "flat" ? [] : [{ slope, subject }]
    );
    const said = steep.map(({ slope, subject }) => `${subject} ${growthWords(slope, growth.axis)}`);
    return [{
      severity: level,
      layer: name,
      slope: Math.max(...steep.map(({ slope }) => Math.abs(slope.value))),
      message: `\`${name}\` over ${siblingWords(growth)}: ${
        said.join(", ")
      }; expected a slope of at most ${FLAT_SLOPE} (error above ${STEEP_SLOPE}).`,
    }];
  });
}

function growthWords(slope: GrowthSlope, axis: string): string {
  if (!Number.isFinite(slope.value)) return "is not finite in the largest siblings";
  const verb = slope.value > 0 ? "grows" : "falls";
  return `${verb} as ${axis}^${slopeWords(slope)}`;
}

function transferSentence(transfer: RateTransfer): string {
  const { of, slope, level, atEdge, ...siblings } = transfer;
  const subject = of === "all" ? "The best rate" : "The best rate of the embedding by itself";
  if (isUnknown(transfer)) {
    return `${subject} over ${siblingWords(siblings)} was not found: at every size it is the ` +
      "smallest or the largest rate that was tried. Compile the model with a rate that it learns at.";
  }
  const verb = level === "flat" ? "transfers" : "does not transfer";
  const edge = atEdge
    ? "; at some size it is the smallest or the largest rate that was tried, so the slope is a bound"
    : "";
  return `${subject} ${verb} over ${siblingWords(siblings)}: slope ${slopeWords(slope)}${edge}.`;
}

/** Returns the sentence about the changes that were tried. */
export function fixSentence({ level, steepest }: GrowthFix): string {
  const found = steepest === Infinity ? "not finite" : steepest.toFixed(2);
  return level === "flat"
    ? `Fix, tried on all siblings: with it every slope is at most ${found}.`
    : `The best change that was tried on all siblings is not enough: the steepest slope is still ${found}.`;
}

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

/** Tones of the judgements. */
export const LEVEL_TONES: Readonly<Record<LayerGrowth["level"], Tone>> = {
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
    paint(
      `${escapeControls(source ?? model)}: ${verdictWords(summary)}`,
      LEVEL_TONES[level],
      color,
    ),
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
      return `${line(cells)}  ${drawn}${paint(verdict, LEVEL_TONES[level], color)}`;
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
