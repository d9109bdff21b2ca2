import type { GateResult, GateRun } from "../../../src/core/diagnosis/gate_result.ts";
import type { GateFinding } from "../../../src/core/rules/finding.ts";
import { count } from "../../../src/gate/decide.ts";
import { finding, layer, measurements } from "../../networks/sample.ts";

/** A pass of two layers with these findings. */
export function gateRun(findings: GateFinding[], given: Partial<GateRun> = {}): GateRun {
  return {
    model: "digits",
    path: "models/digits.ts",
    seed: 3,
    measurements: measurements([layer("dense_1", {}), layer("dense_2", {})]),
    error: null,
    findings,
    ...given,
  };
}

/** A result of these passes. */
export function gateResult(runs: GateRun[], given: Partial<GateResult> = {}): GateResult {
  const all = [...runs.flatMap(({ findings }) => findings), ...given.findings ?? []];
  const unmeasured = runs.filter(({ error }) => error !== null).length;
  const summary = { ...count(all), unmeasured, skipped: 0 };
  return {
    passed: summary.errors + unmeasured === 0,
    summary,
    maxWarnings: null,
    rules: ["saturated-activations", "dead-units", "unused-suppression"],
    configurationRules: ["unused-suppression"],
    runs,
    configuration: "gradient-health.json",
    findings: [],
    ...given,
  };
}

/** An error, a warning and something that is suppressed. */
export const someFindings: GateFinding[] = [
  finding("dense_1", { message: "99 % of dense_1 < 100 %.", fix: "Scale it." }),
  finding("dense_2", { severity: "warning" }),
  finding("dense_2", { rule: "dead-units", severity: "note" }),
];
