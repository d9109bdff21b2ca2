import { diagnosisShape, type WrittenDiagnosis } from "./diagnosis_shape.ts";
import type { Measurements } from "../measure/measurements.ts";
import { findingShape, measurementsShape } from "../rules/require_measurements.ts";
import { gateFindingShape, measurementKeys } from "../rules/shapes/measurement_shape.ts";
import { DOCUMENTS, writeDocument } from "../../ground/words/document.ts";
import {
  anyObject,
  boolean,
  count,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  primitive,
  record,
  string,
} from "../../ground/words/shape.ts";
import type { GateResult, GateRun } from "./gate_result.ts";
import type { GateFinding } from "../rules/finding.ts";

/** Report whose findings are weighed by the gate. */
type GateReport = Measurements & { findings: GateFinding[] };

/** Run as written. */
interface WrittenRun extends Pick<GateRun, "path" | "seed" | "error"> {
  name: string;
  report: GateReport | null;
  diagnosis: WrittenDiagnosis | null;
}

interface WrittenGate extends Pick<GateResult, "passed" | "summary" | "maxWarnings" | "rules"> {
  version: 1;
  findings: GateFinding[];
  runs: WrittenRun[];
}

/** Shape of the counts behind a verdict. */
const summaryShape = object<GateResult["summary"]>({
  errors: count,
  warnings: count,
  notes: count,
  suppressed: count,
  unmeasured: count,
  skipped: count,
});

/** Keys of a gate's result in the order of writing. */
export const gateShape = object<WrittenGate>({
  version: oneOf(DOCUMENTS.gate.version),
  passed: boolean,
  summary: summaryShape,
  maxWarnings: nullable(number),
  rules: list(string),
  findings: list(gateFindingShape),
  runs: list(object<WrittenRun>({
    name: string,
    path: string,
    seed: number,
    error: nullable(string),
    report: nullable(object<GateReport>({ ...measurementKeys, findings: list(gateFindingShape) })),
    diagnosis: nullable(diagnosisShape),
  })),
});

/**
 * Writes a gate's result as JSON.
 *
 * @param diagnoses The diagnosis of each run, causes first.
 */
export function encodeGate(
  { runs, passed, summary, maxWarnings, rules, findings }: GateResult,
  diagnoses: readonly (WrittenDiagnosis | null)[],
): string {
  const written = gateShape.encode({
    version: DOCUMENTS.gate.version,
    passed,
    summary,
    maxWarnings,
    rules,
    findings,
    runs: runs.map(({ model, path, seed, error, measurements, findings }, index) => ({
      name: model,
      path,
      seed,
      error,
      report: measurements === null ? null : { ...measurements, findings },
      diagnosis: diagnoses[index],
    })),
  });
  return writeDocument(written as object);
}

/** Accepted findings of a configuration. */
export const suppressionsShape = list(object({
  rule: string,
  layer: optional(string),
  model: optional(string),
  reason: string,
  until: optional(string),
}));

const level = oneOf("off", "warn", "error");

export const ruleSettingShape = object({ level, thresholds: anyObject });

/** Settings of rules by name. */
export const ruleSettingsShape = record(ruleSettingShape);

/** Context in which suppressions are judged. */
export const suppressionContextShape = object({
  today: string,
  complete: primitive("a Set", (value) => value instanceof Set),
  all: boolean,
});

/** Stored figures with which a rule compares a run. */
export const baselineEntryShape = nullable(
  object({ name: string, seed: number, figures: nullable(anyObject), renamed: nullable(string) }),
);

/** Shape of a gate's input: one pass of a model. */
export const passShape = object({
  model: string,
  path: string,
  seed: number,
  measurements: nullable(measurementsShape),
  error: nullable(string),
  findings: list(findingShape),
});

export const gateResultShape = object({
  passed: boolean,
  summary: summaryShape,
  maxWarnings: nullable(number),
  rules: list(string),
  configurationRules: list(string),
  runs: list(passShape),
  configuration: nullable(string),
  findings: list(findingShape),
});
