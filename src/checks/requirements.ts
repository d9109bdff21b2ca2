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

/** What `measure()` returns. */
export const measurementsShape: Requirement = measurementShape.given;

/** What rules find. */
export const findingShape: Requirement = gateFindingShape.given;

/** What the judge of a rule returns. */
export const verdictsShape: Requirement = arrayOf(verdictShape.given);

/** What a gate decides on: one pass of a model. */
export const passShape: Requirement = objectWith({
  model: text,
  path: text,
  seed: number,
  measurements: orNull(measurementsShape),
  error: orNull(text),
  findings: arrayOf(findingShape),
});

/** What a gate decides. */
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
 * What a rule finds. Rules run for every point of a study: what they are given is looked at in full only
 * where one fails, to say where in it something is missing.
 */
export function explained<T>(judge: () => T, lookAgain: () => void): T {
  try {
    return judge();
  } catch (error) {
    lookAgain();
    throw error;
  }
}

/** The same for what is read of measurements. */
export function reading<T>(measurements: Measurements, read: () => T): T {
  return explained(
    read,
    () => requireValue("measurements", measurements, measurementsShape),
  );
}
