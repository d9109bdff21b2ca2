import type { Difference } from "../compare/difference.ts";
import {
  causeChanges,
  type DifferenceOptions,
  differenceTable,
  leadSentences,
  otherDifferences,
  WEIGHT_HEADINGS,
  WEIGHT_LEGEND,
  weightChangeTable,
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
  const lines = [
    ...([["A", before], ["B", after]] as const).map(([label, { name, diagnosis }]) =>
      `- ${label}, ${code(name)}: ${escapeText(verdictLine(diagnosis, { color: false }))}`
    ),
    ...[...causeChanges(difference), ...otherDifferences(difference)]
      .map(([label, text]) => `- ${label}: ${escapeText(text)}`),
  ];
  const parts = [
    leadSentences(difference).map(escapeLine),
    lines,
    ...weightParts(difference, options),
    tableOf("layer", headings, rows, legend),
    rest.map(escapeLine),
  ];
  return `${
    parts.filter(({ length }) => length > 0).map((part) => part.join("\n")).join("\n\n")
  }\n`;
}

/** Returns the parts on the changes of weights, of two files of weights. */
function weightParts({ weights }: Difference, options: DifferenceOptions): string[][] {
  if (weights === undefined) return [];
  const { rows, rest } = weightChangeTable(weights, options);
  return [
    tableOf("tensor", WEIGHT_HEADINGS, rows, WEIGHT_LEGEND),
    rest.map(escapeLine),
  ];
}

function tableOf(
  of: string,
  headings: readonly string[],
  rows: readonly { name: string; cells: string[] }[],
  legend: string,
): string[] {
  const row = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return rows.length === 0 ? [] : [
    row([of, ...headings]),
    row(["---", ...headings.map(() => "---:")]),
    ...rows.map(({ name, cells }) => row([code(name), ...cells.map(escapeText)])),
    "",
    escapeLine(legend),
  ];
}
