import { formatCount, formatFactor, formatNumber } from "../words/numbers.ts";
import { type Overview, withOverview } from "../words/overview.ts";
import type { Comparison, FigureChange, FigureName } from "./compare_measurements.ts";

/** Figures of a layer's line, and their column headings. */
const COLUMNS: [FigureName, string][] = [
  ["kernel", "kernel std"],
  ["gradient", "mean |gradient|"],
  ["activation", "mean |activation|"],
  ["delta", "mean |delta|"],
  ["saturated", "saturated"],
  ["dead", "dead"],
];

/**
 * Makes a comparison print and show itself: one line per layer, the second run relative to the
 * first.
 */
export function shownComparison(comparison: Comparison): Comparison {
  return withOverview(comparison, overview, { of: "comparison", given: () => comparison });
}

function overview({ layers, onlyBefore, onlyAfter, same, said }: Comparison): Overview {
  const shown = COLUMNS.filter(([name]) => layers.some(({ figures }) => name in figures));
  const moved = same
    ? "no figure differs"
    : said.length === 0
    ? "nothing moved by more than chance explains"
    : said.join("; ");
  const others = [
    ...onlyBefore.length === 0 ? [] : [`, ${onlyBefore.length} only before`],
    ...onlyAfter.length === 0 ? [] : [`, ${onlyAfter.length} only after`],
  ].join("");
  return {
    title: `${formatCount(layers.length, "layer")} in both${others}: ${moved}`,
    columns: ["layer", ...shown.map(([, heading]) => heading)],
    rows: layers.map(({ after, figures }) => [
      after,
      ...shown.map(([name]) => changeText(figures[name])),
    ]),
  };
}

/** Formats a factor, or a share before and after. */
function changeText(change: FigureChange | undefined): string | null {
  if (change === undefined) return null;
  const { before, after, factor, moved } = change;
  const words = factor === null
    ? `${formatNumber(before)} to ${formatNumber(after)}`
    : `x ${formatFactor(factor)}`;
  return moved || before === after ? words : `${words} (chance)`;
}
