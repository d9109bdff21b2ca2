import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Finding } from "../checks/finding.ts";
import type { Measurements } from "../measure/measurements.ts";
import { writtenDiagnosis } from "./written_diagnosis.ts";
import { networkOf } from "../checks/network/network.ts";
import { encodeReport } from "../documents/report.ts";
import { arrayOf, requireValue } from "../words/requirements.ts";
import { findingShape, measurementsShape } from "../checks/requirements.ts";

/**
 * Writes measurements and findings as JSON: keys in a fixed order, two spaces of indent, every number with
 * the fewest digits that restore it exactly (-0 as 0), NaN and the infinities as the strings
 * `"NaN"`, `"Infinity"` and `"-Infinity"`, `null` for what does not apply, and a newline at the end.
 * The same figures give the same bytes. `parseReport` reads it back.
 *
 * Each layer has a key `predicted` beside what was measured: what mean-field theory expects of the weights as
 * they are. It holds the rms of a as `activations`, the rms of delta as `deltas` (or `null`), and under
 * `doubt` one standard deviation of the logarithm of each over draws of the weights; it is `null` for a layer
 * that theory does not describe. It follows from the measurements, and is not read back.
 *
 * @param measurements What was measured.
 * @param findings What the checks said of it.
 * @param options What is wrong, causes first: written under the key `diagnosis`, and not read back.
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
  requireValue("findings", findings, arrayOf(findingShape));
  const { theory } = networkOf(measurements);
  const { layers } = measurements;
  const { diagnosis } = options;
  return encodeReport({ measurements, findings: [...findings] }, {
    predicted: layers.map((layer) => theory.figuresOf(layer)),
    ...diagnosis === undefined ? {} : { diagnosis: writtenDiagnosis(diagnosis, findings, layers) },
  });
}
