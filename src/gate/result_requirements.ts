import { findingShape, measurementsShape } from "../rules/requirements.ts";
import { summaryShape } from "./result_document.ts";
import {
  arrayOf,
  flag,
  number,
  objectWith,
  orNull,
  type Requirement,
  text,
} from "../words/requirements.ts";

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
