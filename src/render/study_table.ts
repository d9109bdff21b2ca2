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

/** The table of variants, the answer at a glance. */
export function studyTable(variants: readonly VariantSummary[], width: number): string[] {
  const rows = studyCells(variants);
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const over = widths.reduce((sum, own) => sum + own + 2, -2) - width;
  if (over > 0) widths[0] = Math.max(6, widths[0] - over);
  return rows.map((row) =>
    row.map((text, column) => cutMiddle(text, widths[column]).padEnd(widths[column])).join("  ")
      .slice(0, width).trimEnd()
  );
}

function firstWord(words: string): string {
  return words.split(" and ")[0] || "-";
}
