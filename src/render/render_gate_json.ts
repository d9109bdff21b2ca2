import type { GateFinding, GateResult, GateRun } from "../gate/gate_result.ts";
import { writeJson } from "../words/write_json.ts";
import { findingKeys, reportShape } from "./report_shape.ts";
import { count, list, object, optional, string } from "./shape.ts";
import { requireValue } from "../words/requirements.ts";
import { gateResultShape } from "../checks/requirements.ts";

const finding = object<GateFinding>({ ...findingKeys, suppressed: optional(string) });

const summary = object<GateResult["summary"]>({
  errors: count,
  warnings: count,
  notes: count,
  suppressed: count,
  unmeasured: count,
  skipped: count,
});

/**
 * Writes a gate's result as JSON: the verdict, then every pass as `report --format json` writes it, with
 * the findings as the gate weighs them. The same figures give the same bytes, whatever the number of
 * threads and jobs.
 *
 * @param result The gate's result.
 * @returns The JSON text.
 *
 * @example Write a result
 * ```ts
 * import { decide, resolveConfiguration } from "@gradient-health/gradient-health/gate";
 * import { renderGateJson } from "@gradient-health/gradient-health/render";
 *
 * const settings = resolveConfiguration({});
 * const context = { today: "2026-01-31", complete: new Set<string>(), all: true, skipped: 0 };
 * const result = decide([], settings, context);
 * console.log(renderGateJson(result));
 * ```
 */
export function renderGateJson(result: GateResult): string {
  requireValue("result", result, gateResultShape);
  const json = {
    version: 1,
    passed: result.passed,
    summary: summary.encode(result.summary),
    maxWarnings: result.maxWarnings,
    rules: result.rules,
    findings: list(finding).encode(result.findings),
    runs: result.runs.map(encodeRun),
  };
  return `${writeJson(json, undefined, 2)}\n`;
}

function encodeRun({ model, path, seed, error, measurements, findings }: GateRun): object {
  const report = measurements === null
    ? null
    : reportShape.encode({ ...measurements, findings: [] }) as object;
  return {
    name: model,
    path,
    seed,
    error,
    report: report === null ? null : { ...report, findings: list(finding).encode(findings) },
  };
}
