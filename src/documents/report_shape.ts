import type { Finding } from "../checks/finding.ts";
import type { GateFinding } from "../gate/gate_result.ts";
import type {
  ClassMeasurements,
  FeatureMeasurements,
  InputMeasurements,
  LossMeasurements,
  Measurements,
  MetricMeasurements,
  NotReproduced,
  TargetMeasurements,
  WeightsOnly,
} from "../measure/measurements.ts";
import { findingKeys } from "./finding_shape.ts";
import { layerShape, statisticsShape } from "./layer_shape.ts";
import {
  boolean,
  count,
  type Keys,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  primitive,
  record,
  type Shape,
  string,
} from "./shape.ts";
import { DOCUMENTS } from "./document.ts";
import type { OptimizerSetting } from "../traits/optimizers.ts";

/** Measurements and findings: the contents of a JSON report. */
export interface Report {
  /** Measurements. */
  measurements: Measurements;
  /** Findings of the rules. */
  findings: Finding[];
}

const optimizerSetting: Shape<OptimizerSetting> = primitive(
  "a number, true, false or null",
  (json) => json === null || ["number", "boolean"].includes(typeof json),
);

const features = object<FeatureMeasurements>({
  count,
  constant: count,
  largestOffset: nullable(number),
  largestStd: nullable(number),
  smallestStd: nullable(number),
});

const input = object<InputMeasurements>({
  name: string,
  shape: list(count),
  dtype: string,
  lookedUp: optional(boolean),
  scaledBy: optional(list(string)),
  unitRows: optional(boolean),
  constantRows: optional(number),
  values: statisticsShape,
  features: optional(features),
  spread: optional(nullable(number)),
});

const classes = object<ClassMeasurements>({
  units: count,
  least: nullable(number),
  most: nullable(number),
  fractions: count,
});

const target = object<TargetMeasurements>({
  name: string,
  shape: list(count),
  values: statisticsShape,
  classes: optional(classes),
  unitMeans: nullable(list(number)),
  features: optional(features),
  spread: optional(nullable(number)),
});

const metric = object<MetricMeasurements>({
  name: string,
  output: optional(string),
  value: nullable(number),
  reason: optional(string),
});

/** Shape of a finding weighed by the gate. */
export const gateFindingShape = object<GateFinding>({
  ...findingKeys,
  suppressed: optional(string),
  about: optional(oneOf("configuration")),
});

/** Shape of the engine that measured. */
export const engineShape = object<Measurements["engine"]>({
  backend: string,
  simd: boolean,
  relaxedSimd: boolean,
  tfjs: string,
});

/**
 * Keys of measurements in the order of writing. The types make them complete: a field that is
 * missing here is an error of the type check.
 */
export const measurementKeys: Keys<Measurements> = {
  version: oneOf(DOCUMENTS.report.version),
  model: object<Measurements["model"]>({
    name: string,
    source: nullable(string),
    framework: optional(oneOf("keras")),
    parameters: count,
    layers: count,
  }),
  engine: engineShape,
  batch: object<Measurements["batch"]>({
    examples: count,
    seed: nullable(number),
    random: optional(boolean),
    microBatch: optional(count),
    sawParts: optional(list(string)),
    inputs: statisticsShape,
    perInput: list(input),
    targets: optional(list(target)),
  }),
  objective: object<Measurements["objective"]>({
    name: string,
    value: number,
    losses: optional(list(object<LossMeasurements>({
      name: string,
      output: optional(string),
      labelSmoothing: optional(number),
      reduction: optional(oneOf("sum")),
      weight: optional(number),
      delta: optional(number),
      alpha: optional(number),
      gamma: optional(number),
      balanced: optional(boolean),
    }))),
    chosenBy: optional(oneOf("compiled", "head")),
    penalty: optional(number),
    metrics: optional(list(metric)),
    randomTargets: optional(boolean),
  }),
  optimizer: optional(object<NonNullable<Measurements["optimizer"]>>({
    name: string,
    learningRate: nullable(number),
    settings: optional(record(optimizerSetting)),
    schedule: optional(string),
  })),
  notReproduced: optional(list(object<NotReproduced>({
    setting: oneOf("loss", "optimizer"),
    name: string,
    substitute: string,
  }))),
  seed: nullable(number),
  weightsOnly: optional(object<WeightsOnly>({ format: string, notes: list(string) })),
  layers: list(layerShape),
};

/** Shape of the result of `measure()`. */
export const measurementShape = object<Measurements>(measurementKeys);

/** Shape of a JSON report: measurements and findings. */
export const reportShape: Shape<Measurements & { findings: Finding[] }> = object({
  ...measurementKeys,
  findings: list(object<Finding>(findingKeys)),
});
