import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Finding } from "../rules/finding.ts";
import type { Measurements } from "../measure/measurements.ts";
import { writtenDiagnosis } from "./render_findings.ts";
import { networkOf } from "../rules/network/network.ts";
import { encodeReport } from "./report_document.ts";
import { list, requireValue } from "../words/shape.ts";
import { findingShape, measurementsShape } from "../rules/require_measurements.ts";

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
