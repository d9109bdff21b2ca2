import type { Measurements } from "../measure/measurements.ts";
import type { Finding } from "./finding.ts";
import { judgeRule, type RunChecksOptions } from "./judge_rule.ts";
import { shownFindings } from "./findings_overview.ts";
import { allRules } from "./register_rule.ts";

/**
 * Runs every rule on the measurements: those of this package, and those that were registered. What rules made for untrained networks find in a network that
 * has been trained is only noted.
 *
 * @param measurements What `measure()` returned.
 * @param options Thresholds other than the default ones, which layers to judge, and whether the
 * network has been trained.
 * @returns All findings: in the order of {@linkcode RULES}, then of those registered, and within a rule of the layers.
 *
 * @example Show what is wrong with the exercise's network
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { runChecks } from "@gradient-health/gradient-health/checks";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const findings = runChecks(await measure(model, randomBatch(model)));
 * const [{ severity, message, advice }] = findings;
 * console.log(`${severity}: ${message} ${advice}`);
 * assertEquals(findings.some(({ rule }) => rule === "saturated-activations"), true);
 * model.dispose();
 * ```
 *
 * @throws {TypeError} If the measurements or the options are not what they must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function runChecks(measurements: Measurements, options: RunChecksOptions = {}): Finding[] {
  const findings = allRules().flatMap((rule) => judgeRule(rule, measurements, options));
  return shownFindings(findings, measurements);
}
