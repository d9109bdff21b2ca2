import type { StudySummary } from "../study/study_summary.ts";
import { renderStudy } from "./render_study.ts";
import { bestScaleSentence, studyCells, studySentences } from "./study_words.ts";
import { requireValue } from "../words/requirements.ts";
import { summaryShape } from "./study_requirements.ts";

/**
 * Shows a study as Markdown: the table and the sentences, and the charts in a block that unfolds.
 *
 * @param summary What `summarizeStudy` returned.
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
  const [heading, ...rows] = studyCells(summary.variants);
  const line = (cells: string[]) => `| ${cells.map(escapeCell).join(" | ")} |`;
  const charts = renderStudy(summary, { width: 80 });
  // A fence longer than any run of backticks in what it holds: a layer may have any name.
  const longest = Math.max(2, ...[...charts.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return [
    "## Rescaling study",
    "",
    ...studySentences(summary).map(escapeText),
    "",
    line(heading),
    `|${heading.map(() => " --- ").join("|")}|`,
    ...rows.map(line),
    "",
    ...summary.variants.map((variant) => `- ${escapeText(bestScaleSentence(variant))}`),
    "",
    "<details><summary>Charts</summary>",
    "",
    `${fence}text`,
    charts.trimEnd(),
    fence,
    "",
    "</details>",
    "",
  ].join("\n");
}

function escapeText(text: string): string {
  return text.replace(/[\\`*_<>[\]#|~]/g, "\\$&").replace(/\s+/g, " ");
}

function escapeCell(text: string): string {
  return escapeText(text);
}
