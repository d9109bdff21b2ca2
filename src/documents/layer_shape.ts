import { isKernelLayout, KERNEL_LAYOUT_WORDS, type KernelLayout } from "../traits/kernel_layout.ts";
import { LAYER_KINDS, type LayerKind } from "../traits/layers.ts";
import type { DeclaredSignals, Moments } from "../traits/moments.ts";
import type { PredictedFigures } from "../checks/network/signal_theory.ts";
import type { AttentionRows } from "../measure/attention_rows.ts";
import type { ExampleAlikeness } from "../measure/example_alikeness.ts";
import type { LayerMeasurements, WeightMeasurements } from "../measure/measurements.ts";
import type { LayerSettings } from "../measure/layer_settings.ts";
import type { TensorStatistics } from "../measure/tensor_statistics.ts";
import type { TokenAlikeness } from "../measure/token_alikeness.ts";
import type { ExponentHistogram } from "../theory/half_precision_fit.ts";
import {
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
  type Shape,
  string,
} from "./shape.ts";

const exponents = object<ExponentHistogram>({
  zeros: count,
  nonFinite: count,
  under: count,
  from: number,
  counts: list(count),
  over: count,
});

/** Shape of the statistics of a tensor. */
export const statisticsShape = object<TensorStatistics>({
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
  values: statisticsShape,
  gradients: nullable(statisticsShape),
  gradientsOfUsedRows: nullable(statisticsShape),
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
  normEntries: optional(number),
  scale: optional(number),
  offset: optional(number),
});

const declared = object<DeclaredSignals>({
  output: object<Moments>({ meanSquare: number, mean: number }),
  gradients: nullable(list(number)) as Shape<readonly number[] | null>,
});

const alikeness = object<ExampleAlikeness>({
  cosine: number,
  effectiveRank: number,
  examples: count,
});

const tokenAlikeness = object<TokenAlikeness>({
  cosine: number,
  effectiveRank: number,
  tokens: count,
  examples: count,
});

const attention = object<AttentionRows>({
  entropy: number,
  oneHot: number,
  keys: number,
  rows: count,
});

/** Shape of the predictions of theory for a layer. */
export const predictedShape = nullable(object<PredictedFigures>({
  activations: number,
  deltas: nullable(number),
  doubt: object<PredictedFigures["doubt"]>({ activations: number, deltas: number }),
}));

const kernelLayout = primitive<KernelLayout>(KERNEL_LAYOUT_WORDS, isKernelLayout);

/** Shape of the measurements of a layer. */
export const layerShape = object<LayerMeasurements>({
  name: string,
  className: string,
  // Older reports have no kind; parseReport() derives it from the class.
  kind: { ...optional(kind) as Shape<LayerKind>, given: kind.given },
  kernelLayout: optional(kernelLayout),
  activation: nullable(string),
  depth: count,
  // Older reports have no edges.
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
  flatRows: optional(number),
  dropout: optional(number),
  recurrentDropout: optional(number),
  penalty: optional(number),
  calls: count,
  shape: nullable(list(count)),
  preActivations: nullable(statisticsShape),
  activations: nullable(statisticsShape),
  activationGradients: nullable(statisticsShape),
  preActivationGradients: nullable(statisticsShape),
  weights: list(weight),
  saturatedFraction: nullable(number),
  deadFraction: nullable(number),
  spread: optional(nullable(number)),
  alikeness: optional(alikeness),
  tokenAlikeness: optional(tokenAlikeness),
  attention: optional(attention),
  absent: record(string),
});
