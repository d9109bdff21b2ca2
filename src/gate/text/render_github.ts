import { fixLine, type GateFinding } from "../../core/rules/finding.ts";
import type { GateResult } from "../../core/diagnosis/gate_result.ts";
import {
  checkedLocate,
  type GateLocation,
  gateTitle,
  type Locate,
  locateCause,
  type ModelVerdict,
  modelVerdicts,
  type SeedCause,
  tooManyWarnings,
  withSeeds,
} from "../../core/text/gate_words.ts";
import { defuse } from "../../ground/words/failure.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { brokenRules, causeLines } from "../../core/text/render_diagnosis.ts";
import { callable, requireValue } from "../../ground/words/shape.ts";
import { gateResultShape } from "../../core/diagnosis/result_document.ts";

/** GitHub shows this many annotations of each kind per step and silently drops the rest. */
const MOST_ANNOTATIONS = 10;

/**
 * Writes a gate's result as workflow commands, which GitHub Actions shows as annotations of the
 * change: one for each cause, at the line of its first layer with a known line. If there are more
 * of one kind than GitHub shows, the last one says how many. Notes and suppressed findings are in
 * the step summary.
 *
 * @param result The gate's result.
 * @param locate Finds where a layer is defined.
 * @returns One command per line; empty if there is nothing to say.
 *
 * @example Annotate a file without lines
 * ```ts
 * import { decide, resolveConfiguration } from "@gradient-health/gradient-health/gate";
 * import { renderGithub } from "@gradient-health/gradient-health/render";
 *
 * const settings = resolveConfiguration({});
 * const context = { today: "2026-01-31", complete: new Set<string>(), all: true, skipped: 0 };
 * const result = decide([], settings, context);
 * console.log(renderGithub(result, (file) => ({ file, line: null })));
 * ```
 */
export function renderGithub(result: GateResult, given: Locate): string {
  requireValue("result", result, gateResultShape);
  requireValue("locate", given, callable);
  const locate = checkedLocate(given);
  const commands = { error: [] as string[], warning: [] as string[] };
  const add = (
    severity: GateFinding["severity"],
    title: string,
    lines: string[],
    place: GateLocation | null,
  ) => {
    if (severity !== "note") commands[severity].push(command(severity, title, lines, place));
  };
  for (const run of result.runs) {
    if (run.error === null) continue;
    add("error", `${gateTitle(run)}: not measured`, [run.error], locate(run.path, null));
  }
  for (const model of modelVerdicts(result.runs)) {
    for (const cause of model.causes) {
      const place = locateCause(locate, model.path, cause.layers);
      add(cause.severity, titleOf(cause, model), linesOf(cause, model), place);
    }
  }
  const about = result.configuration === null ? null : locate(result.configuration, null);
  for (const { severity, rule, message, fix } of result.findings) {
    add(severity, rule, [message, fixLine(fix)], about);
  }
  const tooMany = tooManyWarnings(result);
  if (tooMany !== null) add("error", "too many warnings", [tooMany], null);
  return [...limited(commands.error, "error"), ...limited(commands.warning, "warning")]
    .map((line) => `${line}\n`).join("");
}

/** Returns a title such as `digits is sick, cause 1 of 2`. */
function titleOf(cause: SeedCause, { model, causes, verdict }: ModelVerdict): string {
  if (cause.severity !== "error") return `${model}: warning`;
  const failing = causes.filter(({ severity }) => severity === "error");
  const which = failing.length === 1
    ? ""
    : `, cause ${failing.indexOf(cause) + 1} of ${failing.length}`;
  return `${model} ${verdict === "changed" ? "has changed" : "is sick"}${which}`;
}

function linesOf(cause: SeedCause, model: ModelVerdict): string[] {
  const style = { width: Infinity, color: false };
  const { layers } = cause.run.measurements;
  return [...causeLines(withSeeds(cause, model), "", layers, style), brokenRules([cause])];
}

function limited(lines: string[], kind: string): string[] {
  if (lines.length <= MOST_ANNOTATIONS) return lines;
  const rest = lines.length - (MOST_ANNOTATIONS - 1);
  const last = command(
    kind,
    "gradient-health",
    [`${rest} more of these: see the step summary`],
    null,
  );
  return [...lines.slice(0, MOST_ANNOTATIONS - 1), last];
}

function command(
  kind: string,
  title: string,
  lines: string[],
  location: GateLocation | null,
): string {
  const properties = {
    ...location === null ? {} : { file: location.file },
    ...location?.line == null ? {} : { line: String(location.line) },
    title,
  };
  const list = Object.entries(properties)
    .map(([key, value]) => `${key}=${escape(value).replaceAll(":", "%3A").replaceAll(",", "%2C")}`);
  // The runner turns `%0A` into a line break.
  return `::${kind} ${list.join(",")}::${lines.map(escape).join("%0A")}`;
}

/** Makes invisible characters visible, and escapes the per cent sign that the runner unescapes. */
const escape = (text: string) => defuse(escapeControls(text)).replaceAll("%", "%25");
