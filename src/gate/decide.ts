import { applySuppressions, type SuppressionContext } from "./apply_suppressions.ts";
import { diagnose } from "../diagnosis/diagnose.ts";
import { withTreatment } from "../diagnosis/with_treatment.ts";
import type { GateFinding, GateResult, GateRun, GateSummary } from "./gate_result.ts";
import { CONFIGURATION_RULES } from "./gate_rules.ts";
import { weigh } from "./judge_run.ts";
import type { GateSettings } from "./resolve_configuration.ts";
import { list, nullable, number, object, requireValue, string } from "../words/shape.ts";
import { findingShape } from "../rules/require_measurements.ts";
import { ruleSettingsShape, suppressionsShape } from "./result_document.ts";

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
