import { findingShape, measurementsShape } from "../rules/require_measurements.ts";
import { summaryShape } from "./result_document.ts";
import {
  anyObject,
  boolean,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  primitive,
  record,
  string,
} from "../words/shape.ts";

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
