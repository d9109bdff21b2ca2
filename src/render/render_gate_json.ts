import { encodeGate } from "../gate/result_document.ts";
import { writtenDiagnosis } from "./render_findings.ts";
import type { GateResult } from "../gate/gate_result.ts";
import { requireValue } from "../words/shape.ts";
import { gateResultShape } from "../gate/gate_shapes.ts";

/**
 * Writes a gate's result as JSON: the verdict, then every run as `report --format json` writes it,
 * with the findings as the gate weighs them. The same figures give the same bytes, regardless of
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
  const diagnoses = result.runs.map(({ diagnosis, measurements, findings }) =>
    diagnosis === undefined || measurements === null
      ? null
      : writtenDiagnosis(diagnosis, findings, measurements.layers)
  );
  return encodeGate(result, diagnoses);
}
