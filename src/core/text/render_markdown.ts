import type { GateResult } from "../diagnosis/gate_result.ts";
import { gateResultShape } from "../diagnosis/result_document.ts";
import { defuse } from "../../ground/words/failure.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import { number, object, optional, requireValue } from "../../ground/words/shape.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { cutEnd, cutNames } from "./fit_text.ts";
import {
  acceptedIn,
  failingVerdicts,
  gateSentences,
  gateTitle,
  type ModelVerdict,
  modelVerdictLine,
  modelVerdicts,
  sectionLines,
  withSeeds,
} from "./gate_words.ts";
import { renderCharts } from "./render_charts.ts";
import { fixWords, triedWords } from "./render_diagnosis.ts";
import { renderHeader } from "./render_header.ts";
import { VERDICT_LOOKS } from "./verdicts.ts";

/** Options of {@linkcode renderMarkdown}. */
export interface MarkdownOptions {
  /**
   * Maximum size of the text in bytes of UTF-8. Charts are left out first, then the details of the
   * last models, then suppressed findings, then the last rows; a sentence says what is missing.
   * Default: 65536, the limit of a GitHub comment in characters.
   */
  maxBytes?: number;
}

const WIDTH = 78;
const MOST_ROWS = 50;
const LONGEST_NAME = 60;
const MAX_CAUSES_SHOWN = 3;
const LONGEST_SENTENCE = 400;
/** Bytes reserved for the sentence about what is missing, and the lines around it. */
const ROOM_FOR_NOTE = 200;

/**
 * Writes a gate's result as Markdown for a comment on a pull request or a step summary: the
 * verdict, a row for each failing model with its causes and fixes, suppressed findings with their
 * reasons, and in folded blocks the findings and bar charts of each model with a cause.
 *
 * Names of models and layers never become links, mentions or tags.
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
  requireValue("options", options, object({ maxBytes: optional(number) }));
  const { maxBytes = 65536 } = options;
  const models = modelVerdicts(result.runs);
  const parts: Parts = {
    head: headOf(result, models),
    rows: rowsOf(result, models),
    accepted: acceptedOf(result),
    folds: [],
  };
  const ill = models.filter(({ causes }) => causes.length > 0);
  const whole = write({ ...parts, folds: ill.map((model) => foldOf(model, { charts: true })) }, []);
  if (bytesOf(whole) <= maxBytes) return whole;
  const folds = ill.map((model) => foldOf(model, { charts: false }));
  return fitted({ ...parts, folds }, maxBytes);
}

/** Parts of the text, each of whole lines. */
interface Parts {
  head: string[];
  rows: string[];
  accepted: string[];
  folds: string[];
}

const bytesOf = (text: string) => new TextEncoder().encode(text).length;

function write({ head, rows, accepted, folds }: Parts, missing: string[]): string {
  return [
    ...head,
    ...rows.length === 0
      ? []
      : ["", "| verdict | model | cause | fix |", "| --- | --- | --- | --- |", ...rows],
    ...accepted,
    ...folds.flatMap((fold) => ["", fold]),
    ...missing,
    "",
  ].join("\n");
}

/**
 * Returns as much of the text, from its beginning, as fits into `maxBytes`, and a sentence about
 * what is missing.
 */
function fitted(parts: Parts, maxBytes: number): string {
  const { head, rows, accepted, folds } = parts;
  let room = maxBytes - ROOM_FOR_NOTE -
    bytesOf(write({ ...parts, rows: [], accepted: [], folds: [] }, []));
  const take = (pieces: string[]): string[] => {
    const taken: string[] = [];
    for (const piece of pieces) {
      room -= bytesOf(piece) + 2;
      if (room < 0) break;
      taken.push(piece);
    }
    return taken;
  };
  const shown = { head, rows: take(rows), accepted: [] as string[], folds: [] as string[] };
  if (shown.rows.length === rows.length && take([accepted.join("\n")]).length > 0) {
    shown.accepted = accepted;
    shown.folds = take(folds);
  }
  const rowsLeft = rows.length - shown.rows.length;
  const foldsLeft = folds.length - shown.folds.length;
  const words = ["the charts"];
  if (rowsLeft > 0) words.push(`${formatCount(rowsLeft, "row")} of the table`);
  if (accepted.length > shown.accepted.length) words.push("what is suppressed");
  if (foldsLeft > 0) words.push(`the findings of ${formatCount(foldsLeft, "model")}`);
  const note = words.join(", ").replace(/, ([^,]*)$/, " and $1");
  const text = write(shown, [
    "",
    `Cut to stay below ${formatCount(maxBytes, "byte")}: ${note} are left out.`,
  ]);
  if (bytesOf(text) <= maxBytes) return text;
  // The verdict alone is valid in any Markdown context.
  const verdict = `${head.join("\n")}\n`;
  return bytesOf(verdict) <= maxBytes ? verdict : "";
}

function headOf(result: GateResult, models: readonly ModelVerdict[]): string[] {
  const { passed } = result;
  const [, ...sentences] = gateSentences(result, models);
  return [
    `### ${passed ? "✅" : "❌"} gradient-health: the gate ${passed ? "passed" : "failed"}`,
    ...sentences.length === 0 ? [] : ["", sentences.join(" ")],
  ];
}

/** Returns a row for each failing model, each failed run, and each error in the configuration. */
function rowsOf(result: GateResult, models: readonly ModelVerdict[]): string[] {
  const { runs, findings } = result;
  const failing = failingVerdicts(result);
  const rows = [
    ...runs.flatMap((run) =>
      run.error === null ? [] : [["🔴 not measured", gateTitle(run), escapeCell(run.error), ""]]
    ),
    ...models.filter(({ verdict }) => verdict !== null && failing.includes(verdict)).map(modelRow),
    ...findings.filter(({ severity }) => severity !== "note").map((
      { severity, message, fix },
    ) => [
      severity === "error" ? "🔴 error" : "🟡 warning",
      "configuration",
      escapeCell(message),
      escapeCell(fix),
    ]),
  ];
  const shown = rows.slice(0, MOST_ROWS);
  // Cut names stay distinct, however long they are.
  const names = cutNames(shown.map(([, name]) => escapeControls(name)), LONGEST_NAME, "…");
  return [
    ...shown.map(([mark, , ...cells], i) => `| ${[mark, code(names[i]), ...cells].join(" | ")} |`),
    ...rows.length > MOST_ROWS ? ["", `And ${rows.length - MOST_ROWS} more.`] : [],
  ];
}

function modelRow(model: ModelVerdict): string[] {
  const { emoji, decidedBy } = VERDICT_LOOKS[model.verdict!];
  const failing = model.causes.filter(({ severity }) => severity === decidedBy);
  const shown = failing.slice(0, MAX_CAUSES_SHOWN);
  const number = (texts: string[]) =>
    texts.map((text, i) => `${failing.length > 1 ? `${i + 1}. ` : ""}${escapeCell(text)}`);
  const more = failing.length - shown.length;
  const causes = [
    ...number(shown.map((cause) => withSeeds(cause, model).message)),
    ...more > 0 ? [`And ${more} more.`] : [],
  ];
  const fixes = number(shown.map((cause) =>
    [
      ...fixWords(cause, cause.run.measurements.layers),
      ...triedWords(cause),
    ].join(" ")
  ));
  return [
    `${emoji} ${modelVerdictLine(model)}`,
    model.model,
    causes.join("<br>"),
    fixes.join("<br>"),
  ];
}

const escapeCell = (text: string) => escapeText(cutEnd(text, LONGEST_SENTENCE, "…"));

/** Lists suppressed findings, one line per rule and reason. */
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

function foldOf(model: ModelVerdict, { charts }: { charts: boolean }): string {
  const { measurements, findings } = model.shown!;
  const style = { width: WIDTH, color: false, ellipsis: "…" };
  const lines = [
    ...renderHeader(measurements, style),
    ...charts ? renderCharts(measurements, findings, { ...style, unicode: true }) : [],
    "",
    ...sectionLines(model, { ...style, details: true }),
  ];
  const verdict = modelVerdictLine(model);
  const title = `${VERDICT_LOOKS[model.verdict!].emoji} ${codeInHtml(model.model)} ${verdict}`;
  return folded(title, lines.map(defuse)).join("\n");
}

/**
 * Escapes all characters in plain text that Markdown or GitHub would interpret: a link, a mention,
 * a tag, the end of a cell.
 */
export function escapeText(text: string): string {
  return defuse(escapeControls(text)).replace(/\s+/g, " ")
    .replace(/[\\`*_<>[\]#|~&]/g, "\\$&")
    // An empty comment separates the sign from the name or issue number, so nothing is mentioned.
    .replace(/@|#(?=\d)/g, "$&<!-- -->")
    .replaceAll("://", ":/\\/").replace(/(www)\./gi, "$1\\.");
}

/** Escapes a separate line, whose beginning could make it a heading or a list. */
export function escapeLine(text: string): string {
  return escapeText(text).replace(/^( ?)([-+=])/, "$1\\$2").replace(/^( ?\d+)([.)])/, "$1\\$2");
}

/**
 * Formats code in a line or a table. Characters that could end the code or the cell are written as
 * HTML.
 */
export function code(text: string): string {
  const shown = escapeControls(text).trim();
  if (shown === "") return "";
  return /[`|\\]|##\[/.test(shown) ? codeInHtml(shown) : `\`${shown}\``;
}

/** Formats code in HTML. Numeric references hide Markdown's own signs, and `www.`, from it. */
function codeInHtml(text: string): string {
  const escaped = escapeControls(text).replace(
    /[^\p{L}\p{N} .,/-]|(?<=www)\./giu,
    (character) => `&#${character.codePointAt(0)};`,
  );
  return `<code>${escaped}</code>`;
}

/**
 * Fences lines verbatim. The fence is longer than any run of backticks inside, since a layer may
 * have any name.
 */
export function fenced(lines: readonly string[], language: string): string[] {
  const runs = lines.flatMap((line) => line.match(/`+/g) ?? []).map(({ length }) => length);
  const fence = "`".repeat(Math.max(2, ...runs) + 1);
  return [`${fence}${language}`, ...lines, fence];
}

/** Folds lines away under a title in HTML. */
export function folded(title: string, lines: readonly string[]): string[] {
  const summary = `<summary>${title}</summary>`;
  return ["<details>", summary, "", ...fenced(lines, "text"), "", "</details>"];
}
