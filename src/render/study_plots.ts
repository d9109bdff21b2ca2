import { formatFactor } from "../words/numbers.ts";
import type { RatioCurve } from "./study_charts.ts";
import { NO_BREAK } from "./wrap_text.ts";

/** How scales fall onto the columns of a chart: from left to right, each as wide as the others. */
export interface ScaleColumns {
  /** Which scales are shown, by their place. */
  shown: number[];
  /** Columns of each. */
  cell: number;
  /** The axis: labels under the columns they mark. */
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
  // Powers of ten are what a reader looks for; where there are too few of them, every scale.
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

/** The shades, from the lightest, each with the size below which a figure has it. */
const SHADES: readonly [shade: string, below: number][] = [
  [".", 1e-8],
  [":", 1e-6],
  ["-", 1e-4],
  ["=", 1e-2],
  ["+", 1],
  ["*", 1e2],
  ["#", 1e4],
  ["%", 1e6],
  ["@", Infinity],
];

/** The shade of a size: exact zero is blank, NaN and infinity are `!`, `null` is `?`. */
export function shadeOf(figure: number | null): string {
  if (figure === null) return "?";
  if (!Number.isFinite(figure)) return "!";
  if (figure === 0) return " ";
  return SHADES.find(([, below]) => Math.abs(figure) < below)![0];
}

/** What the shades mean. */
export const SHADES_LEGEND = "Shades: " +
  "blank 0, . below 1e-8, : 1e-6, - 1e-4, = 0.01, + 1, * 100, # 1e4, % 1e6, @ above, ! NaN or infinite."
    // A shade stands beside what it means.
    .replaceAll(/(?<!,) /g, NO_BREAK);

/** Decades of the ratio at the top and at the bottom of the plot, and of one line. */
const TOP = 9;
const STEP = 1.5;
/**
 * Plots the delta ratio over the scales: `*` measured (the median), `:` between its quartiles, `o` the
 * mean-field curve, `@` median and curve in one place; between the two lines it is healthy. What is
 * off the plot stands at its edge.
 */
export function ratioPlot(
  { measured, predicted, band }: RatioCurve,
  { shown, cell }: ScaleColumns,
  label: number,
): string[] {
  const rows = 2 * TOP / STEP + 1;
  const rowOf = (ratio: number | null | undefined) => {
    if (ratio === null || ratio === undefined || Number.isNaN(ratio)) return null;
    const row = Math.round((TOP - Math.log10(ratio)) / STEP);
    return Math.max(0, Math.min(rows - 1, row));
  };
  const columns = shown.map((i) => ({
    measured: rowOf(measured[i]?.median),
    predicted: rowOf(predicted[i]),
    top: rowOf(measured[i]?.upper) ?? Infinity,
    bottom: rowOf(measured[i]?.lower) ?? -Infinity,
  }));
  return Array.from({ length: rows }, (_, row) => {
    const decades = TOP - row * STEP;
    const isLimit = row === rowOf(band.from) || row === rowOf(band.to);
    const name = decades % 3 === 0 ? (decades === 0 ? "1" : `1e${decades}`) : "";
    const cells = columns.map(({ measured, predicted, top, bottom }) => {
      const here = measured === row;
      const theory = predicted === row;
      const mark = here && theory ? "@" : here ? "*" : theory ? "o" : "";
      const rest = isLimit ? "-" : " ";
      if (mark !== "") return mark.padEnd(cell, rest);
      return (top <= row && row <= bottom ? ":" : rest).padEnd(cell, rest);
    });
    return `${name.padStart(label)} |${cells.join("")}`.trimEnd();
  });
}
