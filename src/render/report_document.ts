import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import { diagnosisShape, type WrittenDiagnosis } from "../diagnosis/diagnosis_shape.ts";
import type { PredictedFigures } from "../rules/network/signal_theory.ts";
import { predictedShape, type Report, reportShape } from "../rules/shapes/measurement_shape.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import { writeDocument } from "../words/document.ts";
import { readShape, requireValue, string } from "../words/shape.ts";

/** Report with the causes of its findings. */
export interface DiagnosedReport extends Report {
  /** Diagnosis, causes first. */
  diagnosis: Diagnosis;
}

/** Data derived from a report and written beside it. */
interface ReportExtras {
  /** Predictions of theory for each layer. */
  predicted?: readonly (PredictedFigures | null)[];
  /** Diagnosis, causes first. */
  diagnosis?: WrittenDiagnosis;
}

/**
 * Writes a report as JSON: keys in a fixed order, two spaces of indent, a newline at the end.
 *
 * @param extras Data derived from the report, not read back. Default: none.
 */
export function encodeReport(
  { measurements, findings }: Report,
  { predicted, diagnosis }: ReportExtras = {},
): string {
  const report = reportShape.encode({ ...measurements, findings }) as { layers: object[] };
  const layers = predicted === undefined ? report.layers : report.layers.map((layer, index) => ({
    ...layer,
    predicted: predictedShape.encode(predicted[index]),
  }));
  const also = diagnosis === undefined ? {} : { diagnosis: diagnosisShape.encode(diagnosis) };
  return writeDocument({ ...report, layers, ...also });
}

/**
 * Reads the text that `renderJson` wrote and restores the figures exactly. Unknown keys are
 * ignored, so a report with more keys can be read.
 *
 * @param json The text of a JSON report.
 * @returns The measurements and the findings.
 * @throws {SyntaxError} If the text is not JSON.
 * @throws {InputError} If something is missing or has a wrong type; the message names the place, the
 * expected and the actual value.
 *
 * @example A report of another version
 * ```ts
 * import { parseReport } from "@gradient-health/gradient-health/render";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => parseReport('{ "version": 2 }'), TypeError, "version is 2, expected 1");
 * ```
 */
export function parseReport(json: string): Report {
  requireValue("json", json, string);
  const { findings, ...measurements } = readShape(json, reportShape, "The report");
  const layers = measurements.layers.map((layer) => {
    if (layer.kind !== undefined) return layer;
    const { kind, kernel } = layerTraits(layer.className);
    return {
      ...layer,
      kind,
      ...kernel === null || kernel === "einsum" ? {} : { kernelLayout: kernel },
    };
  });
  return { measurements: { ...measurements, layers }, findings };
}
