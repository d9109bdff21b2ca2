import { formatScale } from "./study_words.ts";

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
 * Lays scales out over a number of columns; where there are more scales than columns, some are left
 * out evenly, but never the one of place `kept`: a chart without the best scale belies its heading.
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
      : formatScale(scale);
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
