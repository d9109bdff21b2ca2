import type { Difference } from "../compare/difference.ts";
import { defuse } from "../words/defuse.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { cutNames } from "./cut_names.ts";
import {
  type DifferenceOptions,
  type DifferenceTable,
  differenceTable,
} from "./difference_table.ts";
import { causeChanges, movedSentence, otherDifferences } from "./difference_words.ts";
import { displayWidth, padEnd } from "./display_width.ts";
import { paint } from "./paint.ts";
import { verdictLine, verdictPaint } from "./render_diagnosis.ts";
import { wrapText } from "./wrap_text.ts";

/** Maximum share of a line for a name. */
const LARGEST_NAME = 0.4;

/**
 * Shows the difference between two runs: a sentence about what moved, both verdicts, the fate of
 * each cause, and a table of the layers, worst change first.
 *
 * @param difference The two runs.
 * @param options See {@linkcode DifferenceOptions}.
 * @returns The text, with a newline at its end.
 */
export function renderDifference(difference: Difference, options: DifferenceOptions = {}): string {
  const { width = 80, color = false } = options;
  return `${
    [
      ...wrapText(escapeControls(movedSentence(difference)), width)
        .map((line) => paint(line, "strong", color)),
      "",
      ...verdictLines(difference, { width, color }),
      ...tableLines(differenceTable(difference, options), options),
    ].map(defuse).join("\n")
  }\n`;
}

/**
 * Draws both verdicts, one line each, then the causes that are gone, stayed and new, and all other
 * differences.
 */
export function verdictLines(
  difference: Difference,
  { width, color }: { width: number; color: boolean },
): string[] {
  const labelled = (label: string, text: string) =>
    wrapText(`${label}: ${escapeControls(text)}`, width, "", "  ");
  const { before, after } = difference;
  const sides = [["A", before], ["B", after]] as const;
  return [
    ...sides.flatMap(([label, { name, diagnosis }]) =>
      labelled(label, `${name}: ${verdictLine(diagnosis, { color: false })}`)
        .map((line) => paint(line, verdictPaint(diagnosis), color))
    ),
    ...causeChanges(difference).flatMap(([label, message]) => labelled(label, message)),
    ...otherDifferences(difference).flatMap(([label, text]) => labelled(label, text)),
  ];
}

function tableLines(
  { headings, rows, rest, legend }: DifferenceTable,
  { width = 80, unicode = false, color = false }: DifferenceOptions,
): string[] {
  const faint = (line: string) => paint(line, "faint", color);
  const left = rest.length === 0 ? [] : ["", ...rest.flatMap((line) => wrapText(line, width))];
  if (rows.length === 0) return left;
  const names = rows.map(({ name }) => escapeControls(name));
  const longest = Math.max("layer".length, ...names.map(displayWidth));
  const label = Math.min(longest, Math.max(5, Math.floor(width * LARGEST_NAME)));
  const cut = cutNames(names, label, unicode ? "…" : "..");
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...rows.map(({ cells }) => cells[i].length))
  );
  let shown = widths.length;
  const taken = () => widths.slice(0, shown).reduce((sum, one) => sum + 2 + one, label);
  while (taken() > width) shown--;
  const line = (name: string, cells: string[]) =>
    (padEnd(name, label) + cells.slice(0, shown).map((cell, i) => `  ${cell.padStart(widths[i])}`)
      .join("")).trimEnd();
  return [
    "",
    faint(line("layer", headings)),
    ...rows.map(({ cells }, i) => line(cut[i], cells)),
    ...left.slice(1),
    ...wrapText(legend, width).map(faint),
  ];
}
