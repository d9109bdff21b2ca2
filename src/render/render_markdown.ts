import { formatNumber } from "../words/numbers.ts";
import type { GateFinding, GateResult, GateRun } from "../gate/gate_result.ts";
import { cutEnd, cutNames } from "./cut_names.ts";
import { defuse } from "../words/defuse.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { acceptedIn, acceptedLines, gateCounts, gateTitle, isOpen } from "./gate_words.ts";
import { code, codeInHtml } from "./markdown_text.ts";
import { renderCharts } from "./render_charts.ts";
import { renderFindings } from "./render_findings.ts";
import { renderHeader } from "./render_header.ts";
import { number, objectWith, optional, requireValue } from "../words/requirements.ts";
import { gateResultShape } from "../checks/requirements.ts";

/** Options of {@linkcode renderMarkdown}. */
export interface MarkdownOptions {
  /**
   * Most bytes of UTF-8 that the text may have. Charts are left out first, runs without findings
   * next, then what does not fit. Default: 65536, which a comment on GitHub holds.
   */
  maxBytes?: number;
}

const WIDTH = 78;
const MOST_ROWS = 50;
const LONGEST_CELL = 60;
const MARKS = { error: "🔴 error", warning: "🟡 warning", note: "note" };

/**
 * Writes a gate's result as Markdown for a comment on a pull request or a step summary: the verdict, a
 * table of what was found, what is suppressed and why, and folded away for each run the text and the
 * bar charts.
 *
 * Everything that comes from a model is formatted as code, where nothing is a link, a mention or a tag.
 *
 * @param result The gate's result.
 * @param options See {@linkcode MarkdownOptions}.
 * @returns The text, with a newline at its end.
 *
 * @example Write a result
 * ```ts
 * import { decide, resolveConfiguration } from "@gradient-health/gradient-health/gate";
 * import { renderMarkdown } from "@gradient-health/gradient-health/render";
 *
 * const settings = resolveConfiguration({});
 * const context = { today: "2026-01-31", complete: new Set<string>(), all: true, skipped: 0 };
 * const result = decide([], settings, context);
 * console.log(renderMarkdown(result));
 * ```
 */
export function renderMarkdown(result: GateResult, options: MarkdownOptions = {}): string {
  requireValue("result", result, gateResultShape);
  requireValue("options", options, objectWith({ maxBytes: optional(number) }));
  const { maxBytes = 65536 } = options;
  const details = (run: GateRun) => hasSomething(run) || run.error !== null;
  const candidates = [
    () => write(result, result.runs, true),
    () => write(result, result.runs.filter(details), true),
    () => write(result, result.runs.filter(details), false),
    () => write(result, [], false),
  ];
  for (const candidate of candidates) {
    const text = candidate();
    if (bytesOf(text) <= maxBytes) return text;
  }
  // Not even the table fits: the verdict alone does in any place that takes Markdown.
  const text = `${headOf(result).join("\n")}\n`;
  return bytesOf(text) <= maxBytes ? text : "";
}

const bytesOf = (text: string) => new TextEncoder().encode(text).length;

const hasSomething = ({ findings }: GateRun) =>
  findings.some(({ severity }) => severity !== "note");

function write(result: GateResult, detailed: GateRun[], withCharts: boolean): string {
  return [
    ...headOf(result),
    ...tableOf(result),
    ...acceptedOf(result),
    ...detailed.flatMap((run) => detailsOf(run, withCharts)),
    ...detailed.length < result.runs.length
      ? [
        "",
        `${result.runs.length - detailed.length} of ${result.runs.length} runs are not shown.`,
      ]
      : [],
    "",
  ].join("\n");
}

function headOf({ passed, summary, maxWarnings }: GateResult): string[] {
  return [
    `### ${passed ? "✅" : "❌"} gradient-health: the gate ${passed ? "passed" : "failed"}`,
    "",
    `${gateCounts(summary, maxWarnings)}.`,
  ];
}

function tableOf({ runs, findings }: GateResult): string[] {
  const rows = [
    ...runs.flatMap((run) => [
      ...run.error === null ? [] : [["🔴 not measured", gateTitle(run), "", "", "", ""]],
      ...run.findings.filter(counts).map((finding) => findingRow(finding, gateTitle(run))),
    ]),
    ...findings.filter(counts).map((finding) => findingRow(finding, "configuration")),
  ];
  if (rows.length === 0) return [];
  const more = rows.length > MOST_ROWS ? ["", `And ${rows.length - MOST_ROWS} more.`] : [];
  const shown = rows.slice(0, MOST_ROWS);
  // Two names never look alike, however long they are.
  for (const column of [MODEL, LAYER]) {
    const names = cutNames(shown.map((row) => escapeControls(row[column])), LONGEST_CELL, "…");
    shown.forEach((row, i) => row[column] = names[i]);
  }
  return [
    "",
    "| | model | rule | layer | measured | expected |",
    "| --- | --- | --- | --- | --- | --- |",
    ...shown.map(([mark, ...cells]) => `| ${mark} | ${cells.map(cell).join(" | ")} |`),
    ...more,
  ];
}

/** A row is the mark, then model, rule, layer, measured and expected. */
const MODEL = 1;
const LAYER = 3;

const counts = (finding: GateFinding) => finding.severity !== "note" && isOpen(finding);

function findingRow(
  { severity, rule, layer, measured, expected }: GateFinding,
  where: string,
): string[] {
  const figure = measured === null ? "" : formatNumber(measured);
  return [MARKS[severity], where, rule, layer ?? "", figure, expected.text];
}

/** What is suppressed, and why: a line for each rule and reason. */
function acceptedOf({ runs }: GateResult): string[] {
  const models = [...Map.groupBy(runs, ({ model }) => model)];
  const lines = models.flatMap(([model, runs]) => {
    const order = runs.flatMap(({ measurements }) => measurements?.layers ?? []);
    const findings = runs.flatMap(({ findings }) => findings);
    return acceptedIn(findings, order.map(({ name }) => name)).map(({ rule, where, reason }) =>
      `- ${[model, rule, where, reason].map(code).filter((text) => text !== "").join(", ")}`
    );
  });
  if (lines.length === 0) return [];
  const more = lines.length > MOST_ROWS ? [`- and ${lines.length - MOST_ROWS} more`] : [];
  return ["", "Suppressed:", "", ...lines.slice(0, MOST_ROWS), ...more];
}

const cell = (text: string) => code(cutEnd(escapeControls(text), LONGEST_CELL, "…"));

function detailsOf(run: GateRun, withCharts: boolean): string[] {
  const { measurements, findings, error } = run;
  const style = { width: WIDTH, color: false, ellipsis: "…" };
  const order = measurements?.layers.map(({ name }) => name) ?? [];
  const accepted = acceptedLines(findings, order, style);
  const lines = measurements === null ? [escapeControls(error ?? "")] : [
    ...renderHeader(measurements, style),
    ...withCharts ? renderCharts(measurements, findings, { ...style, unicode: true }) : [],
    "",
    ...accepted,
    ...accepted.length > 0 ? [""] : [],
    ...renderFindings(findings.filter(isOpen), order, style),
  ];
  const text = lines.map(defuse).join("\n");
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return [
    "",
    "<details>",
    `<summary>${codeInHtml(gateTitle(run))}</summary>`,
    "",
    `${fence}text`,
    text,
    fence,
    "",
    "</details>",
  ];
}
