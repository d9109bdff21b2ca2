import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import { diagnosisShape, type WrittenDiagnosis } from "../diagnosis/diagnosis_shape.ts";
import type { GateResult } from "../diagnosis/gate_result.ts";
import { encodeGate, gateResultShape } from "../diagnosis/result_document.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Finding } from "../rules/finding.ts";
import { networkOf } from "../rules/network/network.ts";
import type { PredictedFigures } from "../rules/network/signal_theory.ts";
import { findingShape, measurementsShape } from "../rules/require_measurements.ts";
import {
  measurementShape,
  predictedShape,
  type Report,
  reportShape,
} from "../rules/shapes/measurement_shape.ts";
import { layerTraits } from "../../ground/traits/layer_traits.ts";
import { DOCUMENTS, writeDocument } from "../../ground/words/document.ts";
import { InputError, refusal } from "../../ground/words/input_error.ts";
import {
  count,
  list,
  object,
  oneOf,
  readShape,
  requireValue,
  string,
} from "../../ground/words/shape.ts";
import { writtenDiagnosis } from "./render_findings.ts";

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

/** Part of the report on a file of weights: the layers that one machine measured. */
export interface ReportPart {
  version: 1;
  /** Number of the part, from 1, and of parts. */
  shard: { index: number; count: number };
  /** Measurements with the layers of this part alone. */
  measurements: Measurements;
}

const partShape = object<ReportPart>({
  version: oneOf(DOCUMENTS.part.version),
  shard: object<ReportPart["shard"]>({ index: count, count }),
  measurements: measurementShape,
});

/** Writes a part as JSON. */
export const encodePart = (
  shard: ReportPart["shard"],
  measurements: Measurements,
): string =>
  writeDocument(
    partShape.encode({ version: DOCUMENTS.part.version, shard, measurements }) as object,
  );

/**
 * Reads the text of a part, and restores the figures exactly.
 *
 * @throws {InputError} If it is not one.
 */
export const parsePart = (json: string): ReportPart => readShape(json, partShape, "The part");

/**
 * Joins the parts of a report, each with the name of its file.
 *
 * @throws {InputError} If they are parts of several files of weights, or if one is missing or given twice.
 */
export function joinParts(parts: readonly (ReportPart & { name: string })[]): Measurements {
  const [first] = parts;
  const seen = new Map<number, string>();
  for (const { name, shard, measurements } of parts) {
    if (identity(measurements) !== identity(first.measurements)) {
      throw new InputError(
        refusal`${name} is a part of the report on other weights, expected those of ${first.name}`,
      );
    }
    if (shard.count !== first.shard.count) {
      throw new InputError(
        refusal`${name} is one of ${shard.count} parts, expected ${first.shard.count} as in ${first.name}`,
      );
    }
    const other = seen.get(shard.index);
    if (other !== undefined) {
      throw new InputError(
        refusal`${name} is part ${shard.index} of ${shard.count}, expected another than ${other}`,
      );
    }
    seen.set(shard.index, name);
  }
  const missing = Array.from({ length: first.shard.count }, (_, i) => i + 1)
    .filter((index) => !seen.has(index));
  if (missing.length > 0) {
    throw new InputError(
      refusal`Parts ${missing.join(", ")} of ${first.shard.count} are missing, expected all`,
    );
  }
  const layers = parts.flatMap(({ measurements }) => measurements.layers)
    .toSorted((a, b) => a.depth! - b.depth!);
  const whole = parts.flatMap(({ measurements }) => measurements.weightsOnly?.wholeNumbers ?? [])
    .sort((a, b) => a.name < b.name ? -1 : 1);
  const { weightsOnly } = first.measurements;
  return {
    ...first.measurements,
    ...weightsOnly === undefined || whole.length === 0
      ? {}
      : { weightsOnly: { ...weightsOnly, wholeNumbers: whole } },
    layers,
  };
}

/** Returns the facts that all parts of one file share. */
const identity = ({ model, weightsOnly }: Measurements) =>
  JSON.stringify([model, { ...weightsOnly, wholeNumbers: undefined }]);

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
