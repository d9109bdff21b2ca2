import type { Difference } from "../compare/difference.ts";
import {
  causeChanges,
  type DifferenceOptions,
  differenceTable,
  movedSentence,
  otherDifferences,
} from "./render_difference.ts";
import { code, escapeLine, escapeText } from "./render_markdown.ts";
import { verdictLine } from "./render_diagnosis.ts";

/**
 * Writes the difference between two runs as Markdown, for a comment on a pull request.
 *
 * @param difference The two runs.
 * @param options `all`: whether every layer has a row.
 * @returns The text, with a newline at its end.
 */
export function renderDifferenceMarkdown(
  difference: Difference,
  options: DifferenceOptions = {},
): string {
  const { headings, rows, rest, legend } = differenceTable(difference, options);
  const { before, after } = difference;
  const row = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const lines = [
    ...([["A", before], ["B", after]] as const).map(([label, { name, diagnosis }]) =>
      `- ${label}, ${code(name)}: ${escapeText(verdictLine(diagnosis, { color: false }))}`
    ),
    ...[...causeChanges(difference), ...otherDifferences(difference)]
      .map(([label, text]) => `- ${label}: ${escapeText(text)}`),
  ];
  const table = rows.length === 0 ? [] : [
    row(["layer", ...headings]),
    row(["---", ...headings.map(() => "---:")]),
    ...rows.map(({ name, cells }) => row([code(name), ...cells.map(escapeText)])),
    "",
    escapeLine(legend),
  ];
  const parts = [[escapeLine(movedSentence(difference))], lines, table, rest.map(escapeLine)];
  return `${
    parts.filter(({ length }) => length > 0).map((part) => part.join("\n")).join("\n\n")
  }\n`;
}
