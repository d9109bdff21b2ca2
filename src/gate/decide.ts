import { diagnose } from "../core/diagnosis/diagnose.ts";
import { withTreatment } from "../core/diagnosis/diagnosis.ts";
import { type Finding, type GateFinding, makeFinding } from "../core/rules/finding.ts";
import { findingShape } from "../core/rules/require_measurements.ts";
import { NOTHING, say, type Sentence } from "../core/rules/say.ts";
import { list, nullable, number, object, requireValue, string } from "../ground/words/shape.ts";
import type { Suppression } from "./configuration.ts";
import type { GateResult, GateRun, GateSummary } from "../core/diagnosis/gate_result.ts";
import { CONFIGURATION_RULES } from "./gate_rules.ts";
import { weigh } from "./judge_run.ts";
import type { GateSettings } from "./resolve_configuration.ts";
import {
  passShape,
  ruleSettingsShape,
  suppressionContextShape,
  suppressionsShape,
} from "../core/diagnosis/result_document.ts";

const settingsShape = object({
  file: nullable(string),
  suppressions: suppressionsShape,
  rules: ruleSettingsShape,
  maxWarnings: nullable(number),
});

/**
 * Decides whether the change may land: applies suppressions, weighs findings, counts them.
 *
 * @param runs The runs with the findings of the rules.
 * @param settings The configuration in force.
 * @param context The date, what was checked, and the number of skipped runs.
 * @returns The verdict, and every finding with its weight in it.
 *
 * @example Gate a model
 * ```ts
 * import { decide, judgeRun, resolveConfiguration } from "@gradient-health/gradient-health/gate";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 200 });
 * const measurements = await measure(model, randomBatch(model));
 * const settings = resolveConfiguration({ extends: "init" });
 * const findings = judgeRun(measurements, settings.rules);
 * const run = { model: "exercise", path: "", seed: 0, measurements, error: null, findings };
 * const context = { today: "2026-01-31", complete: new Set<string>(), all: true, skipped: 0 };
 * assertEquals(decide([run], settings, context).passed, false);
 * model.dispose();
 * ```
 */
export function decide(
  runs: GateRun[],
  settings: Pick<GateSettings, "file" | "suppressions" | "rules" | "maxWarnings">,
  context: SuppressionContext & { skipped: number },
): GateResult {
  requireValue("settings", settings, settingsShape);
  requireValue("context", context, object({ skipped: number }));
  const { file, suppressions, rules, maxWarnings } = settings;
  const suppressed = applySuppressions(runs, suppressions, context);
  const findings = suppressed.findings
    .filter(({ rule }) => rules[rule].level !== "off")
    .flatMap((finding) => weigh([finding], rules[finding.rule].level));
  const all = [...suppressed.runs.flatMap(({ findings }) => findings), ...findings];
  const summary = { ...count(all), unmeasured: 0, skipped: context.skipped };
  summary.unmeasured = runs.filter(({ error }) => error !== null).length;
  const judged = Object.entries(rules).flatMap(([name, { level }]) =>
    level === "off" ? [] : [name]
  );
  return {
    passed: summary.errors === 0 && summary.unmeasured === 0 &&
      (maxWarnings === null || summary.warnings <= maxWarnings),
    summary,
    maxWarnings,
    rules: judged,
    configurationRules: judged.filter((name) => CONFIGURATION_RULES.includes(name)),
    runs: suppressed.runs.map(diagnosed),
    configuration: file,
    findings,
  };
}

/** Adds to a run the diagnosis of the findings that remain after suppressions. */
function diagnosed(run: GateRun): GateRun {
  const { measurements, diagnosis: treated, findings } = run;
  if (measurements === null) return run;
  const diagnosis = diagnose(measurements, findings);
  return {
    ...run,
    diagnosis: treated === undefined ? diagnosis : withTreatment(diagnosis, treated),
  };
}

/**
 * Counts the findings of each kind.
 *
 * @param findings Findings about the runs or about the configuration.
 * @returns The counts; suppressed findings count only as suppressed.
 */
export function count(
  findings: readonly GateFinding[],
): Pick<GateSummary, "errors" | "warnings" | "notes" | "suppressed"> {
  requireValue("findings", findings, list(findingShape));
  const of = (severity: GateFinding["severity"]) =>
    findings.filter((finding) => finding.severity === severity && finding.suppressed === undefined)
      .length;
  return {
    errors: of("error"),
    warnings: of("warning"),
    notes: of("note"),
    suppressed: findings.filter(({ suppressed }) => suppressed !== undefined).length,
  };
}

/** Result of applying suppressions. */
interface Suppressed {
  /** Runs, with the accepted findings turned into notes. */
  runs: GateRun[];
  /** Findings about the suppressions themselves. */
  findings: GateFinding[];
}

/** Context in which suppressions are judged. */
export interface SuppressionContext {
  /** Today as YYYY-MM-DD in UTC. */
  today: string;
  /** Models whose runs are all done: for others it is unknown whether a suppression matches. */
  complete: ReadonlySet<string>;
  /** True if these are all models of the configuration. */
  all: boolean;
}

/**
 * Accepts the findings that a suppression names, and reports suppressions that have expired or
 * match nothing.
 *
 * @param runs The runs with their findings.
 * @param context The date, and what was checked.
 * @returns The runs, with accepted findings turned into notes; and findings about the suppressions.
 */
export function applySuppressions(
  runs: GateRun[],
  suppressions: Suppression[],
  context: SuppressionContext,
): Suppressed {
  requireValue("runs", runs, list(passShape));
  requireValue("suppressions", suppressions, suppressionsShape);
  requireValue("context", context, suppressionContextShape);
  const { today, complete, all } = context;
  const inForce = suppressions.map(({ until }) => until === undefined || until >= today);
  const used = new Set<number>();
  const accept = (finding: GateFinding, model: string): GateFinding => {
    if (finding.severity === "note") return finding;
    const matching = suppressions.flatMap((suppression, index) =>
      inForce[index] && matches(suppression, finding, model) ? [index] : []
    );
    for (const index of matching) used.add(index);
    return matching.length === 0
      ? finding
      : { ...finding, severity: "note", suppressed: suppressions[matching[0]].reason };
  };
  const accepted = runs.map((run) => ({
    ...run,
    findings: run.findings.map((finding) => accept(finding, run.model)),
  }));
  const findings = suppressions.flatMap((suppression, index): GateFinding[] => {
    const { rule, layer, model, until } = suppression;
    const about = say`The suppression of ${rule}${
      layer === undefined ? NOTHING : say` on ${layer}`
    }${model === undefined ? NOTHING : say` of ${model}`}`;
    if (!inForce[index]) {
      return [complaint(
        "expired-suppression",
        say`${about} expired after ${until!}.`,
        "Fix it, or set a later date.",
        `until >= ${today}`,
      )];
    }
    const known = model === undefined ? all : complete.has(model);
    if (!known || used.has(index)) return [];
    return [complaint(
      "unused-suppression",
      say`${about} matches no finding.`,
      "Remove it from the configuration.",
      "a finding that it matches",
    )];
  });
  return { runs: accepted, findings };
}

function matches(
  { rule, layer = "*", model }: Suppression,
  finding: Finding,
  name: string,
): boolean {
  return rule === finding.rule && (model === undefined || model === name) &&
    (layer === "*" || (finding.layer !== null && globMatches(layer, finding.layer)));
}

/** Returns true if a name matches a pattern in which `*` matches any characters. */
function globMatches(pattern: string, name: string): boolean {
  const parts = pattern.split("*").map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(name);
}

function complaint(rule: string, message: Sentence, fix: string, expected: string): GateFinding {
  const verdict = { layer: null, measured: null, expected, message, fix };
  return { ...makeFinding(rule, { severity: "error", ...verdict }), about: "configuration" };
}
