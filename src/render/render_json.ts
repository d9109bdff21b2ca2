import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { GateResult } from "../gate/gate_result.ts";
import { encodeGate, gateResultShape } from "../gate/result_document.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Finding } from "../rules/finding.ts";
import { networkOf } from "../rules/network/network.ts";
import { findingShape, measurementsShape } from "../rules/require_measurements.ts";
import { STUDY_CLOSING, studyLine, studyOpening, studyShape } from "../study/study_document.ts";
import type { Study } from "../study/study_summary.ts";
import { list, requireValue } from "../words/shape.ts";
import { writtenDiagnosis } from "./render_findings.ts";
import { encodeReport } from "./report_document.ts";

/**
 * Writes measurements and findings as JSON: keys in a fixed order, two spaces of indent, every
 * number with the fewest digits that restore it exactly (-0 as 0), NaN and the infinities as the
 * strings `"NaN"`, `"Infinity"` and `"-Infinity"`, `null` where a value does not apply, and a
 * newline at the end. The same figures give the same bytes. `parseReport` reads it back.
 *
 * The key `predicted` of each layer holds what mean-field theory expects of the current weights. It
 * has the rms of a as `activations`, the rms of delta as `deltas` (or `null`), and under `doubt`
 * one standard deviation of the logarithm of each over draws of the weights; it is `null` for a
 * layer outside the theory. It is derived from the measurements and not read back.
 *
 * @param measurements The measurements.
 * @param findings The findings of the rules.
 * @param options The diagnosis: written under the key `diagnosis`, and not read back.
 * @returns The JSON text.
 *
 * @example There and back
 * ```ts
 * import { parseReport, renderJson } from "@gradient-health/gradient-health/render";
 * import type { Measurements } from "@gradient-health/gradient-health/measure";
 * import { assertEquals } from "@std/assert";
 *
 * function roundTrip(measurements: Measurements) {
 *   const report = parseReport(renderJson(measurements, []));
 *   assertEquals(report.measurements, measurements);
 * }
 * ```
 */
export function renderJson(
  measurements: Measurements,
  findings: readonly Finding[],
  options: { diagnosis?: Diagnosis } = {},
): string {
  requireValue("measurements", measurements, measurementsShape);
  requireValue("findings", findings, list(findingShape));
  const { theory } = networkOf(measurements);
  const { layers } = measurements;
  const { diagnosis } = options;
  return encodeReport({ measurements, findings: [...findings] }, {
    predicted: layers.map((layer) => theory.figuresOf(layer)),
    ...diagnosis === undefined ? {} : { diagnosis: writtenDiagnosis(diagnosis, findings, layers) },
  });
}

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

/**
 * Writes a study as JSON, one point per line, exactly as `sweep --out` does.
 *
 * @param study The study.
 * @returns The JSON text.
 *
 * @example One point per line
 * ```ts
 * import { renderStudyJson } from "@gradient-health/gradient-health/render";
 * import { study } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * const json = renderStudyJson(await study({ network: "exercise" }, { scales: [0.001, 1] }));
 * assertEquals(JSON.parse(json).points.length, 2);
 * ```
 */
export function renderStudyJson(study: Study): string {
  requireValue("study", study, studyShape);
  const { points, ...header } = study;
  const lines = points.map((point) => `\n${studyLine(point)}`).join(",");
  return `${studyOpening(header)}${lines}${STUDY_CLOSING}`;
}
