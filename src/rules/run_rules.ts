import type { Measurements } from "../measure/measurements.ts";
import { type Finding, shownFindings } from "./finding.ts";
import { judgeRule, type RunRulesOptions } from "./judge_rule.ts";
import { allRules } from "./register_rule.ts";

/**
 * Runs every rule on the measurements: the rules of this package, then the registered ones.
 * Findings of rules for untrained networks become notes if the network is trained.
 *
 * @param measurements The result of `measure()`.
 * @param options Thresholds, the layers to judge, and `trained`.
 * @returns All findings, in the order of {@linkcode RULES}, then of the registered rules, and of
 * the layers within a rule.
 *
 * @example Show the problems of the exercise's network
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { runRules } from "@gradient-health/gradient-health/rules";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const findings = runRules(await measure(model, randomBatch(model)));
 * const [{ severity, message, fix }] = findings;
 * console.log(`${severity}: ${message} ${fix}`);
 * assertEquals(findings.some(({ rule }) => rule === "saturated-activations"), true);
 * model.dispose();
 * ```
 *
 * @throws {InputError} If the measurements or the options are invalid, or if a threshold is out of
 * range or a layer filter matches no layer.
 */
export function runRules(measurements: Measurements, options: RunRulesOptions = {}): Finding[] {
  const findings = allRules().flatMap((rule) => judgeRule(rule, measurements, options));
  return shownFindings(findings, measurements);
}
