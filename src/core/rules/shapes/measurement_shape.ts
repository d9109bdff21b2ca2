import type { ValueBins } from "../../measure/value_bins.ts";
import { type Finding, type GateFinding, severityShape, type Verdict } from "../finding.ts";
import type { AttentionRows } from "../../measure/attention_rows.ts";
import type { ExampleAlikeness, TokenAlikeness } from "../../../ground/theory/row_alikeness.ts";
import type {
  ClassMeasurements,
  FeatureMeasurements,
  InputMeasurements,
  Interval,
  LayerMeasurements,
  LayerSettings,
  LineCounts,
  LossMeasurements,
  Measurements,
  MetricMeasurements,
  SampleMeasurements,
  Sibling,
  SiblingFault,
  TargetMeasurements,
  TensorStatistics,
  WeightMeasurements,
  WeightsOnly,
  WholeTensor,
} from "../../measure/measurements.ts";
import type { NotReproduced } from "../../model/loaded_model.ts";
import type { ExponentHistogram } from "../../../ground/theory/half_precision_fit.ts";
import {
  type DeclaredSignals,
  isKernelLayout,
  KERNEL_LAYOUT_WORDS,
  type KernelLayout,
  LAYER_KINDS,
  type LayerKind,
  type Moments,
} from "../../../ground/traits/layers.ts";
import type { OptimizerSetting } from "../../../ground/traits/optimizers.ts";
import { DOCUMENTS } from "../../../ground/words/document.ts";
import {
  boolean,
  byKey,
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
  textOr,
  tuple,
} from "../../../ground/words/shape.ts";
import type { Expected, FindingFigure, Sentence, Slot } from "../say.ts";
import type { PredictedFigures } from "../network/signal_theory.ts";

const expectedShape = object<Expected>({
  text: string,
  operator: optional(oneOf(">=", "<=", ">", "<", "==", "between")),
  bounds: optional(list(number)),
  unit: optional(string),
  of: optional(string),
});

const as = optional(oneOf("exact", "percent", "factor"));

const figuresShape = record(object<FindingFigure>({ value: number, unit: string, as }));

type SlotWith<Key extends string> = Extract<Slot, Record<Key, unknown>>;

const slot = byKey({
  // A weight also has the name of its layer.
  weight: object<SlotWith<"weight">>({ weight: string, layer: string }),
  layer: object<SlotWith<"layer">>({ layer: string }),
  layers: object<SlotWith<"layers">>({ layers: list(string), run: boolean }),
  value: object<SlotWith<"value">>({ value: number, unit: optional(string), as }),
  count: object<SlotWith<"count">>({ count, noun: string }),
  word: object<SlotWith<"word">>({ word: string }),
});

/** Shape of a sentence: texts and the slots between them. */
const sentenceShape: Shape<Sentence> = list(textOr(slot));

/** Keys of a finding in the order of writing. */
export const findingKeys = {
  rule: string,
  severity: severityShape,
  kind: optional(string),
  layer: nullable(string),
  tensor: optional(string),
  layers: optional(list(string)),
  measured: nullable(number),
  expected: expectedShape,
  unjudged: optional(boolean),
  threshold: optional(string),
  figures: optional(figuresShape),
  message: string,
  fix: string,
  said: optional(
    object<NonNullable<Finding["said"]>>({ message: sentenceShape, fix: sentenceShape }),
  ),
};

const said = textOr(sentenceShape, "a text, or what say`...` makes");
const { rule: _rule, said: _said, ...shared } = findingKeys;

/** Shape of the result of a rule's judge. */
export const verdictShape = object<Verdict>({
  ...shared,
  expected: textOr(
    expectedShape,
    'a text, or a comparison such as { text: "> 0", operator: ">", bounds: [0] }',
  ),
  message: said,
  fix: said,
});

const exponents = object<ExponentHistogram>({
  zeros: count,
  nonFinite: count,
  under: count,
  from: number,
  counts: list(count),
  over: count,
});

const statisticsShape = object<TensorStatistics>({
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
  bins: optional(object<ValueBins>({ limit: number, counts: list(count) })),
  quantiles: optional(list(number)),
});

const lines = object<LineCounts>({ zero: count, constant: count, repeated: count });

const interval = tuple<Interval>(number, number);

const sample = object<SampleMeasurements>({
  entries: count,
  of: count,
  mean: nullable(interval),
  rms: nullable(interval),
  std: nullable(interval),
  zeroFraction: interval,
  nonFiniteFraction: interval,
});

const alike = object({ rows: lines, columns: lines });

const weight = object<WeightMeasurements>({
  name: string,
  shape: list(count),
  trainable: boolean,
  values: statisticsShape,
  gradients: nullable(statisticsShape),
  gradientsOfUsedRows: nullable(statisticsShape),
  duplicateUnits: optional(nullable(count)),
  type: optional(string),
  zeroUnits: optional(count),
  alike: optional(alike),
  nonFiniteAt: optional(
    object<NonNullable<WeightMeasurements["nonFiniteAt"]>>({
      nan: count,
      infinite: count,
      first: list(count),
      file: optional(string),
    }),
  ),
  entries: optional(nullable(list(number))),
  sample: optional(sample),
  absent: record(string),
});

/** Whole number: as digits if a number would round it. */
const exact = primitive<number | string>(
  "a whole number or its digits",
  (value) => Number.isSafeInteger(value) || typeof value === "string" && /^-?\d+$/.test(value),
);

const wholeTensor = object<WholeTensor>({
  name: string,
  type: string,
  shape: list(count),
  range: tuple<WholeTensor["range"]>(exact, exact),
  values: statisticsShape,
  alike: optional(alike),
  layer: optional(string),
  units: optional(count),
  duplicateUnits: optional(count),
  zeroUnits: optional(count),
  file: optional(string),
  sample: optional(sample),
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

const layerShape = object<LayerMeasurements>({
  name: string,
  className: string,
  // Older reports have no kind; parseReport() derives it from the class.
  kind: { ...optional(kind) as Shape<LayerKind>, mismatch: kind.mismatch },
  source: optional(object<NonNullable<LayerMeasurements["source"]>>({
    module: string,
    moduleClass: string,
    file: optional(string),
    line: optional(count),
  })),
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
  output: optional(list(count)),
  classesLast: optional(boolean),
  wholeNumbers: optional(number),
  chance: optional(number),
});

const metric = object<MetricMeasurements>({
  name: string,
  output: optional(string),
  value: nullable(number),
  reason: optional(string),
});

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
    framework: optional(oneOf("keras", "pytorch")),
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
      reduction: optional(oneOf("sum", "batchmean")),
      weight: optional(number),
      delta: optional(number),
      alpha: optional(number),
      beta: optional(number),
      axes: optional(list(number)),
      gamma: optional(number),
      balanced: optional(boolean),
      takesLabels: optional(boolean),
      classWeights: optional(list(number)),
      ignoredClass: optional(number),
      classAxis: optional(oneOf(1)),
      unitWeights: optional(list(number)),
      positiveWeights: optional(list(number)),
      margin: optional(number),
      exponent: optional(number),
      takesLogs: optional(boolean),
      full: optional(boolean),
      epsilon: optional(number),
      logTargets: optional(boolean),
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
  sibling: optional(object<Sibling>({
    width: nullable(count),
    depth: nullable(count),
    largest: object<Sibling["largest"]>({ width: nullable(count), depth: nullable(count) }),
    steepest: number,
    faults: list(object<SiblingFault>({
      severity: oneOf("error", "warning"),
      layer: string,
      slope: number,
      message: string,
    })),
  })),
  notReproduced: optional(list(object<NotReproduced>({
    setting: oneOf("loss", "optimizer", "argument"),
    name: nullable(string),
    substitute: string,
  }))),
  seed: nullable(number),
  weightsOnly: optional(object<WeightsOnly>({
    format: string,
    notes: list(string),
    tiesEmbeddings: optional(boolean),
    sampled: optional(count),
    wholeNumbers: optional(list(wholeTensor)),
  })),
  layers: list(layerShape),
};

/** Shape of the result of `measure()`. */
export const measurementShape = object<Measurements>(measurementKeys);

/** Shape of a JSON report: measurements and findings. */
export const reportShape: Shape<Measurements & { findings: Finding[] }> = object({
  ...measurementKeys,
  findings: list(object<Finding>(findingKeys)),
});
