import type { Measurements } from "../measure/measurements.ts";
import { verdictShape } from "../documents/finding_shape.ts";
import { summaryShape } from "../documents/gate_result.ts";
import { gateFindingShape, measurementShape } from "../documents/report_shape.ts";
import {
  arrayOf,
  flag,
  number,
  objectWith,
  orNull,
  type Requirement,
  requireValue,
  text,
} from "../words/requirements.ts";

/** Shape of the result of `measure()`. */
export const measurementsShape: Requirement = measurementShape.given;

/** Shape of a finding. */
export const findingShape: Requirement = gateFindingShape.given;

/** Shape of the verdicts of a judge. */
export const verdictsShape: Requirement = arrayOf(verdictShape.given);

/** Shape of a gate's input: one pass of a model. */
export const passShape: Requirement = objectWith({
  model: text,
  path: text,
  seed: number,
  measurements: orNull(measurementsShape),
  error: orNull(text),
  findings: arrayOf(findingShape),
});

/** Shape of a gate's result. */
export const gateResultShape: Requirement = objectWith({
  passed: flag,
  summary: summaryShape.given,
  maxWarnings: orNull(number),
  rules: arrayOf(text),
  configurationRules: arrayOf(text),
  runs: arrayOf(passShape),
  configuration: orNull(text),
  findings: arrayOf(findingShape),
});

/**
 * Runs a judge. Only if it throws is its input validated in full, to name the missing part, since a
 * study runs the rules for every point.
 */
export function explained<T>(judge: () => T, lookAgain: () => void): T {
  try {
    return judge();
  } catch (error) {
    lookAgain();
    throw error;
  }
}

/** Reads from measurements, which are validated in full only if that throws. */
export function reading<T>(measurements: Measurements, read: () => T): T {
  return explained(
    read,
    () => requireValue("measurements", measurements, measurementsShape),
  );
}
