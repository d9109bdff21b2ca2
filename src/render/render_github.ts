import { formatCount } from "../words/numbers.ts";
import type { GateFinding, GateResult, GateRun } from "../gate/gate_result.ts";
import { defuse } from "../words/defuse.ts";
import { escapeControls } from "../words/escape_controls.ts";
import type { Locate } from "./gate_location.ts";
import { acceptedIn, checkedLocate, gateTitle, isOpen } from "./gate_words.ts";
import { callable, requireValue } from "../words/requirements.ts";
import { gateResultShape } from "../checks/requirements.ts";

/** GitHub shows this many annotations of each kind per step and silently drops the rest. */
const MOST_ANNOTATIONS = 10;

const COMMANDS = { error: "error", warning: "warning", note: "notice" } as const;

/**
 * Writes a gate's result as workflow commands, which GitHub Actions shows as annotations of the change.
 * If there are more of one kind than it shows, the last one says how many. A suppressed finding becomes a
 * notice with the reason.
 *
 * @param result The gate's result.
 * @param locate Where a layer is defined.
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
  const commands = { error: [] as string[], warning: [] as string[], note: [] as string[] };
  for (const run of result.runs) {
    if (run.error === null) continue;
    const title = `${gateTitle(run)}: not measured`;
    commands.error.push(command("error", title, run.error, locate(run.path, null)));
  }
  for (const { model, path, findings } of byModel(result.runs)) {
    for (const finding of merged(findings)) {
      const { severity, rule, layer } = finding;
      const title = `${model}: ${rule}`;
      commands[severity].push(
        command(COMMANDS[severity], title, textOf(finding), locate(path, layer)),
      );
    }
  }
  const about = result.configuration === null ? null : locate(result.configuration, null);
  for (const finding of merged(result.findings)) {
    const { severity, rule } = finding;
    commands[severity].push(command(COMMANDS[severity], rule, textOf(finding), about));
  }
  // Last, because they are the first to be dropped.
  for (const { model, path, findings } of byModel(result.runs)) {
    for (const { rule, where, reason } of acceptedIn(findings, [])) {
      const title = `${model}: ${rule} suppressed`;
      commands.note.push(command("notice", title, `${where}: ${reason}`, locate(path, null)));
    }
  }
  const { maxWarnings, summary } = result;
  if (maxWarnings !== null && summary.warnings > maxWarnings) {
    const message = `${formatCount(summary.warnings, "warning")} ${
      summary.warnings === 1 ? "exceeds" : "exceed"
    } maxWarnings (${maxWarnings})`;
    commands.error.push(command("error", "too many warnings", message, null));
  }
  return (["error", "warning", "note"] as const)
    .flatMap((severity) => limited(commands[severity], COMMANDS[severity]))
    .map((line) => `${line}\n`).join("");
}

/** The findings of a model under all its seeds. */
function byModel(runs: readonly GateRun[]): Pick<GateRun, "model" | "path" | "findings">[] {
  const models = new Map<string, Pick<GateRun, "model" | "path" | "findings">>();
  for (const { model, path, findings } of runs) {
    const before = models.get(model)?.findings ?? [];
    models.set(model, { model, path, findings: [...before, ...findings] });
  }
  return [...models.values()];
}

/** Findings of one kind take one annotation: there is room for few. */
function merged(findings: GateFinding[]): GateFinding[] {
  const groups = new Map<string, { first: GateFinding; layers: Set<string> }>();
  for (const finding of findings.filter(isOpen)) {
    const key = JSON.stringify([finding.rule, finding.severity, finding.kind]);
    const group = groups.get(key) ?? { first: finding, layers: new Set() };
    groups.set(key, group);
    group.layers.add(finding.layer ?? "the whole model");
  }
  return [...groups.values()].map(({ first, layers: [...layers] }) =>
    layers.length === 1 ? first : { ...first, message: `${first.message} ${others(layers)}` }
  );
}

function others([, ...layers]: string[]): string {
  const shown = layers.slice(0, 8).join(", ");
  return `The same applies to ${shown}${
    layers.length > 8 ? ` and ${layers.length - 8} more` : ""
  }.`;
}

const textOf = ({ message, advice }: GateFinding) => `${message} ${advice}`;

function limited(lines: string[], kind: string): string[] {
  if (lines.length <= MOST_ANNOTATIONS) return lines;
  const rest = lines.length - (MOST_ANNOTATIONS - 1);
  const last = command(
    kind,
    "gradient-health",
    `${rest} more of these: see the step summary`,
    null,
  );
  return [...lines.slice(0, MOST_ANNOTATIONS - 1), last];
}

function command(
  kind: string,
  title: string,
  message: string,
  location: ReturnType<Locate> | null,
): string {
  const properties = {
    ...location === null ? {} : { file: location.file },
    ...location?.line == null ? {} : { line: String(location.line) },
    title,
  };
  const list = Object.entries(properties)
    .map(([key, value]) => `${key}=${escape(value).replaceAll(":", "%3A").replaceAll(",", "%2C")}`);
  return `::${kind} ${list.join(",")}::${escape(message)}`;
}

/** Invisible characters become visible; the per cent sign is what the runner unescapes. */
const escape = (text: string) => defuse(escapeControls(text)).replaceAll("%", "%25");
