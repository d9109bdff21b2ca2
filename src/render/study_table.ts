import type { VariantSummary } from "../study/study_summary.ts";
import { cutMiddle } from "./cut_middle.ts";
import { escapeControls } from "./escape_controls.ts";
import { formatFigure } from "./format_figure.ts";
import { formatScale, scaleIsSigma, troubleWords } from "./study_words.ts";

/** The cells of the table of variants, headings first. */
export function studyCells(variants: readonly VariantSummary[]): string[][] {
  const isSigma = variants.every(scaleIsSigma);
  return [
    [
      "activation",
      "healthy scales",
      "best",
      ...isSigma ? [] : ["sigma_w"],
      "smaller",
      "larger",
    ],
    ...variants.map(({ label, band, best, trouble }) => [
      escapeControls(label),
      band === null ? "none" : `${formatScale(band.from)} .. ${formatScale(band.to)}`,
      best === null ? "-" : formatScale(best.scale),
      ...isSigma ? [] : [best === null || best.sigma === null ? "-" : formatFigure(best.sigma)],
      firstWord(troubleWords(trouble.below, "below")),
      firstWord(troubleWords(trouble.above, "above")),
    ]),
  ];
}

/** What the name of a variant keeps when it is cut. */
const LEAST_NAME = 14;
/** What is left out to make room: first what goes wrong beside the band, then sigma_w. */
const OPTIONAL = [["smaller", "larger"], ["sigma_w"]];

/**
 * The table of variants, the answer at a glance. Where it is too wide, names are cut, and then the last
 * columns are left out: the sentences below have them, too.
 */
export function studyTable(variants: readonly VariantSummary[], width: number): string[] {
  const rows = studyCells(variants);
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const over = () => widths.reduce((sum, own) => sum + own + 2, -2) - width;
  for (const columns of OPTIONAL) {
    if (over() <= Math.max(0, widths[0] - LEAST_NAME)) break;
    if (rows[0][widths.length - 1] === columns.at(-1)) widths.splice(-columns.length);
  }
  widths[0] -= Math.max(0, over());
  return rows.map((row) =>
    widths.map((own, column) => cutMiddle(row[column], own).padEnd(own)).join("  ").trimEnd()
  );
}

function firstWord(words: string): string {
  return words.split(" and ")[0] || "-";
}
