import type { StudySummary } from "../study/study_summary.ts";
import { defuse } from "../words/defuse.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { renderStudy } from "./render_study.ts";
import { bestScaleSentence, studyCells, studySentences } from "./study_words.ts";
import { requireValue } from "../words/requirements.ts";
import { summaryShape } from "./study_requirements.ts";

/**
 * Shows a study as Markdown: the table and the sentences, with the charts in a folded block.
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
  const line = (cells: string[]) => `| ${cells.map(escapeText).join(" | ")} |`;
  const charts = renderStudy(summary, { width: 80 });
  // A fence longer than any run of backticks inside it: a layer may have any name.
  const longest = Math.max(2, ...[...charts.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
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

/**
 * Plain text in Markdown: everything that Markdown or GitHub would interpret (a link, a mention, a tag, the
 * end of a cell) is escaped.
 */
function escapeText(text: string): string {
  return defuse(escapeControls(text)).replace(/\s+/g, " ")
    .replace(/[\\`*_<>[\]#|~&]/g, "\\$&")
    // A comment parts the sign from the name that would be mentioned, or the number of an issue.
    .replace(/@|#(?=\d)/g, "$&<!-- -->")
    .replaceAll("://", ":/\\/").replace(/(www)\./gi, "$1\\.");
}

/** A separate line, whose beginning could make it a heading or a list. */
function escapeLine(text: string): string {
  return escapeText(text).replace(/^( ?)([-+=])/, "$1\\$2").replace(/^( ?\d+)([.)])/, "$1\\$2");
}
