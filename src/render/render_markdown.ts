import type { GateFinding, GateResult, GateRun } from "../gate/gate_result.ts";
import { cutEnd } from "./cut_names.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { formatFigure } from "./format_figure.ts";
import { gateCounts, gateTitle } from "./gate_words.ts";
import { renderCharts } from "./render_charts.ts";
import { renderFindings } from "./render_findings.ts";
import { renderHeader } from "./render_header.ts";
import { number, objectWith, optional, requireValue } from "../words/requirements.ts";
import { gateResultShape } from "../checks/requirements.ts";

/** Options of {@linkcode renderMarkdown}. */
export interface MarkdownOptions {
  /**
   * Most bytes of UTF-8 that the text may have. Charts are left out first, passes without findings
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
 * table of what was found, and folded away for each pass the text and the bar charts.
 *
 * Everything that comes from a model stands in code, where nothing is a link, a mention or a tag.
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
 * const settings = resolveConfiguration({}, null, (path) => path);
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
    ...detailed.flatMap((run) => detailsOf(run, withCharts)),
    ...detailed.length < result.runs.length
      ? [
        "",
        `${result.runs.length - detailed.length} of ${result.runs.length} passes are not shown.`,
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
      ...run.error === null ? [] : [row("🔴 not measured", gateTitle(run), "", "", "", "")],
      ...run.findings.filter(counts).map((finding) => findingRow(finding, gateTitle(run))),
    ]),
    ...findings.filter(counts).map((finding) => findingRow(finding, "configuration")),
  ];
  if (rows.length === 0) return [];
  const more = rows.length > MOST_ROWS ? ["", `And ${rows.length - MOST_ROWS} more.`] : [];
  return [
    "",
    "| | model | rule | layer | measured | expected |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows.slice(0, MOST_ROWS),
    ...more,
  ];
}

const counts = ({ severity, suppressed }: GateFinding) =>
  severity !== "note" && suppressed === undefined;

function findingRow({ severity, rule, layer, measured, expected }: GateFinding, where: string) {
  const figure = measured === null ? "" : formatFigure(measured);
  return row(MARKS[severity], where, rule, layer ?? "", figure, expected);
}

function row(mark: string, ...cells: string[]): string {
  return `| ${mark} | ${cells.map(cell).join(" | ")} |`;
}

/** Code in a table. What could end the code or the cell there is written as HTML. */
function cell(text: string): string {
  const shown = cutEnd(escapeControls(text), LONGEST_CELL, "…").trim();
  if (shown === "") return "";
  return /[`|\\]/.test(shown) ? html(shown) : `\`${shown}\``;
}

function detailsOf(run: GateRun, withCharts: boolean): string[] {
  const { measurements, findings, error } = run;
  const style = { width: WIDTH, color: false, ellipsis: "…" };
  const lines = measurements === null ? [escapeControls(error ?? "")] : [
    ...renderHeader(measurements, style),
    ...withCharts ? renderCharts(measurements, findings, { ...style, unicode: true }) : [],
    "",
    ...renderFindings(findings, measurements.layers.map(({ name }) => name), style),
  ];
  const text = lines.join("\n");
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return [
    "",
    "<details>",
    `<summary>${html(gateTitle(run))}</summary>`,
    "",
    `${fence}text`,
    text,
    fence,
    "",
    "</details>",
  ];
}

/** Code in HTML. Numeric references keep Markdown from seeing its own signs. */
function html(text: string): string {
  const escaped = escapeControls(text).replace(
    /[^\p{L}\p{N} .,/-]/gu,
    (character) => `&#${character.codePointAt(0)};`,
  );
  return `<code>${escaped}</code>`;
}
