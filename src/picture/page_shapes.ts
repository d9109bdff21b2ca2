import { severityShape } from "../rules/finding.ts";
import { verdictShape } from "../diagnosis/verdict.ts";
import { findingShape, measurementsShape } from "../rules/require_measurements.ts";
import { gateResultShape } from "../gate/result_document.ts";
import { allOf, list, nullable, number, object, optional, string } from "../words/shape.ts";

/** Properties of a cause that are read. */
export const causeShape = object({
  severity: severityShape,
  message: string,
  layers: list(string),
  consequences: list(object({ problem: string, layers: list(string) })),
  fixes: list(object({ kind: string })),
  since: optional(number),
});

const diagnosisShape = object({
  verdict: verdictShape,
  causes: list(causeShape),
  notes: list(findingShape),
});

/** Measurements, findings and diagnosis of a report. */
export const reportShape = object({
  measurements: measurementsShape,
  findings: list(findingShape),
  diagnosis: diagnosisShape,
});

const runsShape = object({ runs: list(object({ diagnosis: optional(nullable(diagnosisShape)) })) });

/** Result of a gate, with the diagnosis of each run that has one. */
export const gateShape = allOf(gateResultShape, runsShape);
