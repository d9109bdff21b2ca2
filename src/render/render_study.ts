import { formatFactor, formatNumber, roundTo } from "../words/numbers.ts";
import type { LayerFigureName, StudySummary, VariantSummary } from "../study/study_summary.ts";
import { cutNames } from "./cut_names.ts";
import { defuse } from "../words/defuse.ts";
import { displayWidth, padEnd } from "./display_width.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { paint } from "./paint.ts";
import {
  ratioPlot,
  type ScaleColumns,
  scaleColumns,
  shadeOf,
  SHADES_LEGEND,
} from "./study_plots.ts";
import {
  bestScaleSentence,
  letterOf,
  noneHealthy,
  studySentences,
  studyTable,
} from "./study_words.ts";
import { NO_BREAK, wrapText } from "./wrap_text.ts";
import { showValue } from "../words/show_value.ts";
import { object, requireValue } from "../words/requirements.ts";
import { summaryShape } from "./study_requirements.ts";

/** Options of {@linkcode renderStudy}. */
export interface RenderStudyOptions {
  /** Columns that a line may take, at least 40. Default: 80. */
  width?: number;
  /** Whether headings are bold (ANSI escapes); for terminals only. Default: false. */
  color?: boolean;
}

const LARGEST_LABEL = 14;
/** Of a deeper network some layers are shown, evenly spaced, the first and the last among them. */
const MOST_LAYERS = 12;

/**
 * Shows a study to a reader: the answer first, one line and one sentence for every activation; then
 * for each what the scale does to every layer's activations and gradients (heat maps, scale from left
 * to right), the verdict at every scale, and the delta of the first layer over that of the last beside
 * what mean-field theory says of it.
 *
 * @param summary What `summarizeStudy` returned.
 * @param options See {@linkcode RenderStudyOptions}.
 * @returns The text, plain ASCII, with a newline at its end.
 * @throws {RangeError} If `width` is no whole number of at least 40.
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
  requireValue("options", options, object);
  const { width = 80, color = false } = options;
  if (!Number.isInteger(width) || width < 40) {
    throw new RangeError(
      `width: expected a whole number of at least 40, found ${showValue(width)}`,
    );
  }
  const strong = (text: string) => paint(text, "strong", color);
  const say = (text: string) => wrapText(escapeControls(text), width);
  const { variants } = summary;
  const lines = [
    strong("RESCALING STUDY"),
    ...studySentences(summary).flatMap(say),
    "",
    ...studyTable(variants, width),
    "",
    ...variants.flatMap((variant) =>
      wrapText(escapeControls(bestScaleSentence(variant)), width, "- ", "  ")
    ),
    "",
    strong("HOW TO READ THE CHARTS"),
    ...say(
      "From left to right the kernels grow. Each row of a heat map is a layer, the first one on top: " +
        "a healthy column has much the same shade from top to bottom. The median of the draws is shown.",
    ),
    ...say(SHADES_LEGEND),
    ...say(
      "Verdict: + healthy in half of the draws or more; else what fails in most of them: " +
        summary.header.rules.map((rule) => `${letterOf(rule)}${NO_BREAK}${rule}`).join(", ") + ".",
    ),
  ];
  for (const variant of variants) {
    lines.push("", ...section(variant, summary.header.rules, width, strong));
  }
  return `${lines.map(defuse).join("\n")}\n`;
}

function section(
  variant: VariantSummary,
  rules: readonly string[],
  width: number,
  strong: (text: string) => string,
): string[] {
  const { scales, label: title, best } = variant;
  const maps = [
    layersWith(variant, "meanActivation", "activations, mean |a|"),
    layersWith(variant, "gradient", "gradients, mean |dJ/dkernel|"),
  ];
  const layers = [...new Set(maps.flatMap(({ shown }) => shown))];
  const names = layers.map((i) => escapeControls(scales[0].layers[i].name));
  const label = Math.min(LARGEST_LABEL, Math.max(7, ...names.map(displayWidth)));
  const cut = cutNames(names, label);
  const columns = scaleColumns(
    scales.map(({ scale }) => scale),
    width - label - 3,
    best === null ? null : scales.findIndex(({ scale }) => scale === best.scale),
  );
  const { axis } = columns;
  const indent = " ".repeat(label + 2);
  const drawn = maps.map(({ title, figure, shown, count }) => [
    ...wrapText(
      shown.length < count
        ? `${title} (${[shown.length, "of", count, "layers"].join(NO_BREAK)})`
        : title,
      width,
    ),
    ...shown.map((layer) => {
      const cells = columns.shown.map((i) => {
        const spread = scales[i].layers[layer]?.figures[figure] ?? null;
        return shadeOf(spread === null ? null : spread.median).repeat(columns.cell);
      });
      return `${padEnd(cut[layers.indexOf(layer)], label)} |${cells.join("")}|`;
    }),
  ]);
  const path = scales[0].layers.filter(({ role, figures }) =>
    role === "hidden" && figures.gradient !== null && figures.deltaNorm !== null
  ).map(({ name }) => escapeControls(name));
  const theory = columns.shown.some((i) => scales[i].predictedRatio !== null)
    ? ", o mean-field theory, @ both"
    : "";
  return [
    ...wrapText(
      `${escapeControls(title.toUpperCase())}: ${
        best === null ? noneHealthy(variant) : `best scale ${formatFactor(best.scale)}`
      }`,
      width,
    ).map(strong),
    ...columns.shown.length < scales.length
      ? [`(${columns.shown.length} of ${scales.length} scales shown)`]
      : [],
    `${"scale".padEnd(label)}  ${axis}`,
    ...sigmaAxis(variant, columns, label, width),
    `${"verdict".padEnd(label)}  ${verdicts(variant, rules, columns)}`,
    "",
    ...drawn[0],
    "",
    ...drawn[1],
    `${indent}${axis}`,
    ...path.length < 2 ? [] : [
      "",
      ...wrapText(
        `delta of ${path[0]} over delta of ${path[path.length - 1]}: * measured (: between the ` +
          `quartiles of the draws)${theory}; healthy between the lines; values outside the chart are drawn at ` +
          `its edge`,
        width,
      ),
      ...ratioPlot(scales, columns, label),
      `${indent}${axis}`,
    ],
  ];
}

/** A heat map's layers: those that have the figure at some scale, or some of them where they are many. */
function layersWith({ scales }: VariantSummary, figure: LayerFigureName, title: string) {
  // A layer without a kernel has no gradient at any scale.
  const all = [...scales[0].layers.keys()].filter((layer) =>
    scales.some(({ layers }) => layers[layer].figures[figure] !== null)
  );
  const last = all.length - 1;
  const shown = all.length <= MOST_LAYERS ? all : Array.from(
    { length: MOST_LAYERS },
    (_, i) => all[Math.round(i * last / (MOST_LAYERS - 1))],
  );
  return { title, figure, shown, count: all.length };
}

/** A second axis with sigma_w, where that is not the scale itself. */
function sigmaAxis(
  { scales }: VariantSummary,
  { shown, cell }: ScaleColumns,
  label: number,
  width: number,
): string[] {
  if (scales.some(({ sigma, scale }) => sigma === null || sigma === scale)) return [];
  if (scales.every(({ sigma, scale }) => Math.abs(sigma! / scale - 1) < 0.1)) return [];
  let line = "";
  const step = Math.max(1, Math.round(8 / cell));
  for (let i = 0; i < shown.length; i += step) {
    const start = i * cell;
    if (line !== "" && start <= line.length) continue;
    const text = formatNumber(roundTo(2, scales[shown[i]].sigma!));
    if (label + 2 + start + text.length > width) break;
    line = line.padEnd(start) + text;
  }
  return [`${"sigma_w".padEnd(label)}  ${line}`];
}

function verdicts(
  { scales }: VariantSummary,
  rules: readonly string[],
  { shown, cell }: ScaleColumns,
): string {
  return shown.map((i) => {
    const { healthy, draws, failed } = scales[i];
    if (2 * healthy >= draws) return "+".repeat(cell);
    const most = Math.max(...Object.values(failed));
    // Of several rules that fail alike, the gravest.
    const rule = rules.find((name) => failed[name] === most)!;
    return letterOf(rule).repeat(cell);
  }).join("");
}
