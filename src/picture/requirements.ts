import { VERDICTS } from "../diagnosis/verdict.ts";
import { findingShape, measurementsShape } from "../rules/requirements.ts";
import { gateResultShape } from "../gate/result_requirements.ts";
import {
  arrayOf,
  must,
  objectWith,
  optional,
  orNull,
  type Requirement,
  text,
} from "../words/requirements.ts";

const severity = must(
  '"error", "warning" or "note"',
  (value) => ["error", "warning", "note"].includes(value as string),
);

/** Properties of a cause that are read. */
export const causeShape: Requirement = objectWith({
  severity,
  message: text,
  layers: arrayOf(text),
  consequences: arrayOf(objectWith({ problem: text, layers: arrayOf(text) })),
  fixes: arrayOf(objectWith({ kind: text })),
});

const diagnosisShape: Requirement = objectWith({
  verdict: must(
    '"sick", "changed", "weak" or "healthy"',
    (value) => (VERDICTS as readonly unknown[]).includes(value),
  ),
  causes: arrayOf(causeShape),
  notes: arrayOf(findingShape),
});

/** Measurements, findings and diagnosis of a report. */
export const reportShape: Requirement = objectWith({
  measurements: measurementsShape,
  findings: arrayOf(findingShape),
  diagnosis: diagnosisShape,
});

const runsShape: Requirement = objectWith({
  runs: arrayOf(objectWith({ diagnosis: optional(orNull(diagnosisShape)) })),
});

/** Result of a gate, with the diagnosis of each run that has one. */
export const gateShape: Requirement = (value, place) =>
  gateResultShape(value, place) ?? runsShape(value, place);
