import type { LayerFigureName, Quartiles, ScaleSummary, VariantSummary } from "../study_summary.ts";
import { formatFactor } from "../../ground/words/numbers.ts";
import { NO_BREAK } from "../../core/text/fit_text.ts";
import { paint, type TextStyle } from "../../core/text/verdicts.ts";
import { SIGNAL_BAND } from "../../core/text/report_charts.ts";

/**
 * Charts of one variant of a study in numbers, each by scale in the order of the scales. Text, SVG
 * and HTML are drawn from it.
 */
export interface StudyCharts {
  /** Factors of the kernels, ascending. */
  scales: number[];
  /** Median sigma_w at each scale; `null` as a whole if it equals the scale or does not exist. */
  sigmas: number[] | null;
  /** Index of the best scale; `null` if none is healthy. */
  best: number | null;
  /** Rule that fails in most draws at each scale; `null` if at least half of them are healthy. */
  verdicts: (string | null)[];
  /** Heat maps of the layers. */
  maps: HeatMap[];
  /** Delta ratio; `null` if the network is too short for one. */
  ratio: RatioCurve | null;
}

/** Figure of every layer at every scale. */
interface HeatMap {
  /** Title. */
  title: string;
  /** Layers that have the figure at some scale, the first of the network on top. */
  rows: {
    /** Index of the layer in the network. */
    layer: number;
    name: string;
    /** Median over the draws at each scale; `null` if no draw has the figure. */
    cells: (number | null)[];
  }[];
}

/** Ratio of the first layer's delta to the last layer's. */
export interface RatioCurve {
  /** Name of the first layer. */
  first: string;
  /** Name of the last layer. */
  last: string;
  /** Quartiles over the draws at each scale. */
  measured: (Quartiles | null)[];
  /** Prediction of mean-field theory at each scale. */
  predicted: (number | null)[];
  /** Healthy range. */
  band: { from: number; to: number };
}

const MAPS: readonly { figure: LayerFigureName; title: string }[] = [
  { figure: "meanActivation", title: "activations, mean |a|" },
  { figure: "gradient", title: "gradients, mean |dJ/dkernel|" },
];

/**
 * Builds the charts of a variant.
 *
 * @param rules The rules of the study, most severe first.
 */
export function studyCharts(variant: VariantSummary, rules: readonly string[]): StudyCharts {
  const { scales, best } = variant;
  return {
    scales: scales.map(({ scale }) => scale),
    sigmas: sigmasOf(variant),
    best: best === null ? null : scales.findIndex(({ scale }) => scale === best.scale),
    verdicts: scales.map((scale) => worstRule(scale, rules)),
    maps: MAPS.map(({ figure, title }) => ({ title, rows: rowsOf(variant, figure) })),
    ratio: ratioOf(variant),
  };
}

/**
 * Returns the rule that most draws at a scale fail; `null` if at least half of them are healthy. If
 * several fail equally often, it is the most severe, the first of the rules.
 */
export function worstRule(
  { healthy, draws, failed }: ScaleSummary,
  rules: readonly string[],
): string | null {
  if (2 * healthy >= draws) return null;
  const most = Math.max(...Object.values(failed));
  return rules.find((name) => failed[name] === most)!;
}

function rowsOf({ scales }: VariantSummary, figure: LayerFigureName): HeatMap["rows"] {
  return scales[0].layers.map(({ name }, layer) => ({
    layer,
    name,
    cells: scales.map(({ layers }) => layers[layer]?.figures[figure]?.median ?? null),
    // A layer without a kernel has no gradient at any scale.
  })).filter(({ cells }) => cells.some((cell) => cell !== null));
}

function sigmasOf(variant: VariantSummary): number[] | null {
  const sigmas = variant.scales.flatMap(({ sigma }) => sigma ?? []);
  return sigmas.length < variant.scales.length || scaleIsSigma(variant) ? null : sigmas;
}

/**
 * Returns true if sigma_w equals the scale: the kernels have a standard deviation of 1 /
 * sqrt(fan-in) at scale 1.
 */
export function scaleIsSigma({ scales }: VariantSummary): boolean {
  return scales.every(({ scale, sigma }) => sigma !== null && Math.abs(sigma / scale - 1) < 0.1);
}

function ratioOf({ scales }: VariantSummary): RatioCurve | null {
  const path = scales[0].layers.filter(({ role, figures }) =>
    role === "hidden" && figures.gradient !== null && figures.deltaNorm !== null
  );
  if (path.length < 2) return null;
  return {
    first: path[0].name,
    last: path[path.length - 1].name,
    measured: scales.map(({ deltaRatio }) => deltaRatio),
    predicted: scales.map(({ predictedRatio }) => predictedRatio),
    band: SIGNAL_BAND,
  };
}

/** Columns of a chart for the scales: from left to right, equally wide. */
export interface ScaleColumns {
  /** Indices of the scales shown. */
  shown: number[];
  /** Columns per scale. */
  cell: number;
  /** Axis: labels under the columns they mark. */
  axis: string;
}

const WIDEST_CELL = 6;

/**
 * Lays out scales over a number of columns. If there are more scales than columns, some are left out
 * evenly, but never the one at index `kept`: a chart without the best scale would contradict its heading.
 */
export function scaleColumns(
  scales: readonly number[],
  width: number,
  kept: number | null = null,
): ScaleColumns {
  const shown = scales.length <= width ? scales.map((_, i) => i) : Array.from(
    { length: width },
    (_, i) => Math.round(i * (scales.length - 1) / Math.max(1, width - 1)),
  );
  if (kept !== null) {
    const off = shown.map((i) => Math.abs(i - kept));
    shown[off.indexOf(Math.min(...off))] = kept;
  }
  const cell = Math.max(1, Math.min(WIDEST_CELL, Math.floor(width / shown.length)));
  return { shown, cell, axis: axisOf(shown.map((i) => scales[i]), cell, width) };
}

function axisOf(scales: number[], cell: number, width: number): string {
  // Readers look for powers of ten; if there are too few of them, label every scale.
  const isDecade = (scale: number) =>
    Math.abs(Math.log10(scale) - Math.round(Math.log10(scale))) < 1e-9;
  const decades = scales.filter(isDecade).length >= 3;
  let line = "";
  scales.forEach((scale, i) => {
    if (decades && !isDecade(scale)) return;
    const label = decades && scale < 0.1
      ? `1e${Math.round(Math.log10(scale))}`
      : formatFactor(scale);
    const center = i * cell + Math.floor((cell - 1) / 2);
    const start = Math.max(
      0,
      Math.min(center - Math.floor((label.length - 1) / 2), width - label.length),
    );
    if (line !== "" && start < line.length + 1) return;
    line = line.padEnd(start) + label;
  });
  return line;
}

/** Options for drawing a chart of a study. */
export interface PlotStyle {
  unicode: boolean;
  color: boolean;
}

/** Shades, from the lightest: in ASCII, in Unicode, upper bound of the figure, and style. */
const SHADES: readonly [ascii: string, unicode: string, below: number, style: TextStyle][] = [
  [".", "·", 1e-8, "tiny"],
  [":", "▁", 1e-6, "tiny"],
  ["-", "▂", 1e-4, "small"],
  ["=", "▃", 1e-2, "small"],
  ["+", "▄", 1, "healthy"],
  ["*", "▅", 1e2, "healthy"],
  ["#", "▆", 1e4, "warning"],
  ["%", "▇", 1e6, "error"],
  ["@", "█", Infinity, "error"],
];

/** Draws the cells of a layer, shaded and coloured by their size. */
export function heatRow(
  cells: readonly (number | null)[],
  cell: number,
  { unicode, color }: PlotStyle,
): string {
  let line = "";
  let run: { text: string; style: TextStyle | null } = { text: "", style: null };
  const flush = () => line += run.style === null ? run.text : paint(run.text, run.style, color);
  for (const figure of cells) {
    const { sign, style } = shadeOf(figure, { unicode });
    if (style !== run.style) {
      flush();
      run = { text: "", style };
    }
    run.text += sign.repeat(cell);
  }
  flush();
  return line;
}

/** Returns the shade of a figure: exact zero is blank, NaN and infinity are `!`, `null` is `?`. */
function shadeOf(
  figure: number | null,
  { unicode }: Pick<PlotStyle, "unicode">,
): { sign: string; style: TextStyle | null } {
  if (figure === null) return { sign: "?", style: null };
  if (!Number.isFinite(figure)) return { sign: "!", style: "error" };
  if (figure === 0) return { sign: " ", style: null };
  const [ascii, block, , style] = SHADES.find(([, , below]) => Math.abs(figure) < below)!;
  return { sign: unicode ? block : ascii, style };
}

export function shadesLegend({ unicode }: Pick<PlotStyle, "unicode">): string {
  const shades = SHADES.map(([ascii, block, below], i) =>
    `${unicode ? block : ascii} ${
      below === Infinity ? "above" : `${i === 0 ? "below " : ""}${decade(below)}`
    }`
  );
  // Keep each shade and its meaning on one line.
  const joined = ["blank 0", ...shades, "! NaN or infinite"]
    .map((text) => text.replaceAll(" ", NO_BREAK)).join(", ");
  return `Shades: ${joined}.`;
}

/** Formats a decade: `1e-8`, `0.01`, `1`, `100`, `1e4`. */
function decade(value: number): string {
  return value >= 0.01 && value <= 100 ? String(value) : `1e${Math.round(Math.log10(value))}`;
}

/** Decades of the ratio at the top and at the bottom of the plot, and of one line. */
const TOP = 9;
const STEP = 1.5;

const ASCII = { measured: "*", predicted: "o", both: "@", spread: ":", limit: "-", axis: "|" };
const UNICODE = { measured: "●", predicted: "○", both: "◉", spread: "┊", limit: "─", axis: "│" };

export function ratioSigns({ unicode }: Pick<PlotStyle, "unicode">): typeof ASCII {
  return unicode ? UNICODE : ASCII;
}

/** Returns the label of a row of the plot of ratios: every third decade has one. */
function rowLabel(decades: number): string {
  if (decades % 3 !== 0) return "";
  return decades === 0 ? "1" : `1e${decades}`;
}

/**
 * Plots the delta ratio over the scales: the measured median and its quartiles, the mean-field
 * curve, and two lines around the healthy range. Values off the plot are drawn at its edge.
 */
export function ratioPlot(
  { measured, predicted, band }: RatioCurve,
  { shown, cell }: ScaleColumns,
  label: number,
  style: PlotStyle,
): string[] {
  const signs = ratioSigns(style);
  const rows = 2 * TOP / STEP + 1;
  const rowOf = (ratio: number | null | undefined) => {
    if (ratio === null || ratio === undefined || Number.isNaN(ratio)) return null;
    const row = Math.round((TOP - Math.log10(ratio)) / STEP);
    return Math.max(0, Math.min(rows - 1, row));
  };
  const limits = { top: rowOf(band.to)!, bottom: rowOf(band.from)! };
  const columns = shown.map((i) => ({
    measured: rowOf(measured[i]?.median),
    predicted: rowOf(predicted[i]),
    top: rowOf(measured[i]?.upper) ?? Infinity,
    bottom: rowOf(measured[i]?.lower) ?? -Infinity,
  }));
  return Array.from({ length: rows }, (_, row) => {
    const decades = TOP - row * STEP;
    const isLimit = row === limits.top || row === limits.bottom;
    const tone = row >= limits.top && row <= limits.bottom ? "healthy" : "error";
    const name = rowLabel(decades);
    const rest = (count: number) =>
      isLimit ? paint(signs.limit.repeat(count), "faint", style.color) : " ".repeat(count);
    const cells = columns.map(({ measured, predicted, top, bottom }) => {
      const here = measured === row;
      const theory = predicted === row;
      if (here) {
        return paint(theory ? signs.both : signs.measured, tone, style.color) + rest(cell - 1);
      }
      if (theory) return signs.predicted + rest(cell - 1);
      return top <= row && row <= bottom ? signs.spread + rest(cell - 1) : rest(cell);
    });
    return `${name.padStart(label)} ${signs.axis}${cells.join("")}`.trimEnd();
  });
}
