import type { Finding } from "../checks/finding.ts";
import type { Measurements } from "../measure/measurements.ts";
import { encodeReport } from "../documents/report.ts";
import { arrayOf, requireValue } from "../words/requirements.ts";
import { findingShape, measurementsShape } from "../checks/requirements.ts";

/**
 * Writes measurements and findings as JSON: keys in one fixed order, two spaces of indent, every
 * number in the shortest digits that give exactly it back (-0 as 0), NaN and the infinities as the strings
 * `"NaN"`, `"Infinity"` and `"-Infinity"`, `null` for what does not apply, and a newline at the end.
 * The same figures give the same bytes. `parseReport` reads it back.
 *
 * @param measurements What was measured.
 * @param findings What the checks said of it.
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
export function renderJson(measurements: Measurements, findings: readonly Finding[]): string {
  requireValue("measurements", measurements, measurementsShape);
  requireValue("findings", findings, arrayOf(findingShape));
  return encodeReport({ measurements, findings: [...findings] });
}
