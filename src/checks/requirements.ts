import {
  arrayOf,
  flag,
  must,
  number,
  object,
  objectWith,
  optional,
  orNull,
  type Requirement,
  text,
} from "../words/requirements.ts";

const statistics = orNull(objectWith(Object.fromEntries(
  ["count", "meanAbs", "rms", "maxAbs", "mean", "std", "l2", "zeroFraction", "nonFinite"]
    .map((name) => [name, number]),
)));

const given: Requirement = (value, place) =>
  value === null ? object(value, place) : statistics(value, place);

const shape = arrayOf(orNull(number));

const weight = objectWith({
  name: text,
  shape: arrayOf(number),
  trainable: flag,
  values: given,
  gradients: statistics,
  gradientsOfUsedRows: statistics,
  duplicateUnits: optional(orNull(number)),
  entries: optional(orNull(arrayOf(number))),
  absent: object,
});

const layer = objectWith({
  name: text,
  className: text,
  kind: text,
  activation: orNull(text),
  depth: number,
  inputs: optional(arrayOf(text)),
  trainable: flag,
  role: text,
  heads: optional(arrayOf(text)),
  strides: optional(arrayOf(number)),
  normalization: optional(text),
  calls: number,
  shape: orNull(shape),
  preActivations: statistics,
  activations: statistics,
  activationGradients: statistics,
  preActivationGradients: statistics,
  weights: arrayOf(weight),
  saturatedFraction: orNull(number),
  deadFraction: orNull(number),
  absent: object,
});

/** What `measure()` returns. */
export const measurementsShape: Requirement = objectWith({
  version: number,
  model: objectWith({ name: text, source: orNull(text), parameters: number, layers: number }),
  engine: objectWith({ backend: text, simd: flag, relaxedSimd: flag, tfjs: text }),
  batch: objectWith({
    examples: number,
    seed: orNull(number),
    inputs: given,
    perInput: arrayOf(objectWith({ name: text, shape, dtype: text, values: given })),
    targets: optional(arrayOf(
      objectWith({ name: text, shape, values: given, unitMeans: orNull(arrayOf(number)) }),
    )),
  }),
  objective: objectWith({ name: text, value: number }),
  seed: orNull(number),
  layers: arrayOf(layer),
});

/** What rules find. */
export const findingShape: Requirement = objectWith({
  rule: text,
  severity: must(
    '"error", "warning" or "note"',
    (value) => value === "error" || value === "warning" || value === "note",
  ),
  layer: orNull(text),
  layers: optional(arrayOf(text)),
  measured: orNull(number),
  expected: text,
  threshold: optional(text),
  message: text,
  advice: text,
  suppressed: optional(text),
});

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
  summary: objectWith(Object.fromEntries(
    ["errors", "warnings", "notes", "suppressed", "unmeasured", "skipped"]
      .map((name) => [name, number]),
  )),
  maxWarnings: orNull(number),
  rules: arrayOf(text),
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
