import type { ScaleSummary } from "../study/study_summary.ts";
import type { ScaleColumns } from "./scale_columns.ts";

/** Decades of the ratio at the top and at the bottom of the plot, and of one line. */
const TOP = 9;
const STEP = 1.5;
/** Beyond these a ratio is unhealthy, in decades: the thresholds of the two rules. */
const HEALTHY = 3;

/**
 * Plots the delta ratio over the scales: `*` measured (the median), `:` between its quartiles, `o` the
 * mean-field curve, `@` median and curve in one place; between the two lines it is healthy. What is
 * off the plot stands at its edge.
 */
export function ratioPlot(
  scales: readonly ScaleSummary[],
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
    measured: rowOf(scales[i]?.deltaRatio?.median),
    predicted: rowOf(scales[i]?.predictedRatio),
    top: rowOf(scales[i]?.deltaRatio?.upper) ?? Infinity,
    bottom: rowOf(scales[i]?.deltaRatio?.lower) ?? -Infinity,
  }));
  return Array.from({ length: rows }, (_, row) => {
    const decades = TOP - row * STEP;
    const isLimit = Math.abs(decades) === HEALTHY;
    const name = decades % 3 === 0 ? (decades === 0 ? "1" : `1e${decades}`) : "";
    const cells = columns.map(({ measured, predicted, top, bottom }) => {
      const here = measured === row;
      const theory = predicted === row;
      const mark = here && theory ? "@" : here ? "*" : theory ? "o" : "";
      if (mark !== "") return mark.padEnd(cell);
      if (top <= row && row <= bottom) return ":".padEnd(cell);
      return (isLimit ? "-" : " ").repeat(cell);
    });
    return `${name.padStart(label)} |${cells.join("")}`.trimEnd();
  });
}
