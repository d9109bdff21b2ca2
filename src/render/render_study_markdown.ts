import type { StudySummary } from "../study/study_summary.ts";
import { escapeLine, escapeText, folded } from "./render_markdown.ts";
import { renderStudy } from "./render_study.ts";
import { bestScaleSentence, studyCells, studySentences } from "./study_words.ts";
import { requireValue } from "../words/shape.ts";
import { summaryShape } from "../study/study_document.ts";

/**
 * Shows a study as Markdown: the table and the sentences, with the charts in a folded block.
 *
 * @param summary The summary from `summarizeStudy`.
 * @returns The Markdown, with a newline at its end.
 *
 * @example For a step summary
 * ```ts
 * import { renderStudyMarkdown } from "@gradient-health/gradient-health/render";
 * import { study, summarizeStudy } from "@gradient-health/gradient-health/study";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const result = await study({ network: "exercise" }, { scales: [0.001, 1] });
 * const text = renderStudyMarkdown(summarizeStudy(result));
 * assertStringIncludes(text, "## Rescaling study");
 * ```
 */
export function renderStudyMarkdown(summary: StudySummary): string {
  requireValue("summary", summary, summaryShape);
  const [heading, ...rows] = studyCells(summary);
  const line = (cells: string[]) => `| ${cells.map(escapeText).join(" | ")} |`;
  const charts = renderStudy(summary, { width: 80 });
  return [
    "## Rescaling study",
    "",
    ...studySentences(summary).map(escapeLine),
    "",
    line(heading),
    `|${heading.map(() => " --- ").join("|")}|`,
    ...rows.map(line),
    "",
    ...summary.variants.map((variant) => `- ${escapeLine(bestScaleSentence(variant))}`),
    "",
    ...folded("Charts", charts.trimEnd().split("\n")),
    "",
  ].join("\n");
}
