import {
  isEinsumLayout,
  type KernelLayout,
  LAYER_KINDS,
  type LayerKind,
} from "../traits/layers.ts";
import type { DeclaredSignals, Moments } from "../traits/moments.ts";
import type { PredictedFigures } from "../checks/network/signal_theory.ts";
import type { Finding } from "../checks/finding.ts";
import type { GateFinding } from "../gate/gate_result.ts";
import type {
  ClassMeasurements,
  FeatureMeasurements,
  InputMeasurements,
  LayerMeasurements,
  Measurements,
  TargetMeasurements,
  WeightMeasurements,
  WeightsOnly,
} from "../measure/measurements.ts";
import type { LayerSettings } from "../measure/layer_settings.ts";
import type { TensorStatistics } from "../measure/tensor_statistics.ts";
import type { ExponentHistogram } from "../theory/half_precision_fit.ts";
import { findingKeys } from "./finding_shape.ts";
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

/** What was measured and what was found: what a JSON report holds. */
export interface Report {
  /** The measurements. */
  measurements: Measurements;
  /** What the checks said of them. */
  findings: Finding[];
}

const exponents = object<ExponentHistogram>({
  zeros: count,
  nonFinite: count,
  under: count,
  from: number,
  counts: list(count),
  over: count,
});

const statistics = object<TensorStatistics>({
  count,
  meanAbs: number,
  rms: number,
  maxAbs: number,
  mean: number,
  std: number,
  l2: number,
  zeroFraction: number,
  nonFinite: count,
  exponents: optional(exponents),
});

const weight = object<WeightMeasurements>({
  name: string,
  shape: list(count),
  trainable: boolean,
  values: statistics,
  gradients: nullable(statistics),
  gradientsOfUsedRows: nullable(statistics),
  duplicateUnits: optional(nullable(count)),
  zeroUnits: optional(count),
  entries: optional(nullable(list(number))),
  absent: record(string),
});

const kind = oneOf(...LAYER_KINDS);

const settings = object<LayerSettings>({
  window: optional(list(count)),
  strides: optional(list(count)),
  dilation: optional(list(count)),
  padding: optional(oneOf("same", "valid", "causal")),
  epsilon: optional(number),
  scale: optional(number),
  offset: optional(number),
});

const declared = object<DeclaredSignals>({
  output: object<Moments>({ meanSquare: number, mean: number }),
  gradients: nullable(list(number)) as Shape<readonly number[] | null>,
});

/** What theory predicts of a layer. */
export const predictedShape = nullable(object<PredictedFigures>({
  activations: number,
  deltas: nullable(number),
  doubt: object<PredictedFigures["doubt"]>({ activations: number, deltas: number }),
}));

const kernelLayout = primitive<KernelLayout>(
  '"ordinary", "transposed", "depthwise" or "einsum ioo" and the like',
  (json) =>
    ["ordinary", "transposed", "depthwise"].includes(json as string) || isEinsumLayout(json),
);

const layer = object<LayerMeasurements>({
  name: string,
  className: string,
  // A report of before the kinds has none; parseReport() knows them by the class.
  kind: { ...optional(kind) as Shape<LayerKind>, given: kind.given },
  kernelLayout: optional(kernelLayout),
  activation: nullable(string),
  depth: count,
  // A report of before the edges has none.
  inputs: optional(list(string)),
  reads: optional(list(string)),
  operands: optional(count),
  settings: optional(settings),
  declared: optional(declared),
  trainable: boolean,
  role: oneOf("hidden", "output"),
  heads: optional(list(string)),
  strides: optional(list(count)),
  normalization: optional(oneOf("moving", "batch")),
  dropout: optional(number),
  recurrentDropout: optional(number),
  penalty: optional(number),
  calls: count,
  shape: nullable(list(count)),
  preActivations: nullable(statistics),
  activations: nullable(statistics),
  activationGradients: nullable(statistics),
  preActivationGradients: nullable(statistics),
  weights: list(weight),
  saturatedFraction: nullable(number),
  deadFraction: nullable(number),
  spread: optional(nullable(number)),
  absent: record(string),
});

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
  values: statistics,
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
  values: statistics,
  classes: optional(classes),
  unitMeans: nullable(list(number)),
  features: optional(features),
  spread: optional(nullable(number)),
});

/** A finding as the gate weighs it. */
export const gateFindingShape = object<GateFinding>({
  ...findingKeys,
  suppressed: optional(string),
  about: optional(oneOf("configuration")),
});

/** The engine that measured. */
export const engineShape = object<Measurements["engine"]>({
  backend: string,
  simd: boolean,
  relaxedSimd: boolean,
  tfjs: string,
});

/**
 * The keys of measurements in the order in which they are written. The types make it complete: a
 * field that measurements gain and this does not is an error of the type check.
 */
export const measurementKeys: Keys<Measurements> = {
  version: oneOf(DOCUMENTS.report.version),
  model: object<Measurements["model"]>({
    name: string,
    source: nullable(string),
    parameters: count,
    layers: count,
  }),
  engine: engineShape,
  batch: object<Measurements["batch"]>({
    examples: count,
    seed: nullable(number),
    random: optional(boolean),
    inputs: statistics,
    perInput: list(input),
    targets: optional(list(target)),
  }),
  objective: object<Measurements["objective"]>({
    name: string,
    value: number,
    chosenBy: optional(oneOf("compiled", "head")),
    penalty: optional(number),
    metrics: optional(list(string)),
    randomTargets: optional(boolean),
  }),
  optimizer: optional(object<NonNullable<Measurements["optimizer"]>>({
    name: string,
    learningRate: nullable(number),
  })),
  seed: nullable(number),
  weightsOnly: optional(object<WeightsOnly>({ format: string, notes: list(string) })),
  layers: list(layer),
};

/** What `measure()` returns. */
export const measurementShape = object<Measurements>(measurementKeys);

/** A JSON report: the measurements, and what was found. */
export const reportShape: Shape<Measurements & { findings: Finding[] }> = object({
  ...measurementKeys,
  findings: list(object<Finding>(findingKeys)),
});
