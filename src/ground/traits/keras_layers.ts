import { APART, type LayerTraits, traits } from "./layers.ts";
import { OPERATION_TRAITS, operationClass } from "./operation_traits.ts";
import { KINDS, required, type Settings } from "./setting.ts";

/** All that is known of a layer that Keras has and TensorFlow.js lacks, apart from its class. */
interface KerasLayerRecord {
  /** Traits, for rules and theory. */
  traits: LayerTraits;
  /** Settings that a file may have, by their keys in camel case. */
  settings: Settings;
  /** Fewest and most tensors that it is called with. Default: one. */
  inputs?: readonly [fewest: number, most: number];
  /** Form of the inputs of an attention in Keras's files. */
  calledWith?: "arguments" | "array";
  /** True if its output has no mask in Keras 3. Default: false. */
  stopsMask?: boolean;
  /** Name that Keras registers, and so counts, instead of its Python name. */
  registeredAs?: string;
}

/** Layers of Keras that change images in training and pass them on unchanged otherwise. */
export const AUGMENTATIONS = [
  "AugMix",
  "Equalization",
  "RandAugment",
  "RandomBrightness",
  "RandomColorDegeneration",
  "RandomColorJitter",
  "RandomContrast",
  "RandomElasticTransform",
  "RandomErasing",
  "RandomFlip",
  "RandomGaussianBlur",
  "RandomGrayscale",
  "RandomHue",
  "RandomInvert",
  "RandomPerspective",
  "RandomPosterization",
  "RandomRotation",
  "RandomSaturation",
  "RandomSharpness",
  "RandomShear",
  "RandomTranslation",
  "RandomZoom",
  "Solarization",
] as const;

const KINKED = { kinked: true };
/** Windows along one axis after the other, which are cut out and concatenated. */
const WINDOWS = { memoryCopies: 4, inputCopies: 1.5 };
const DROPS = { memoryCopies: 0, drops: true };

const { axes, axis, bordersOf, choice, count, counts, flag, fraction, number, only, sizes, text } =
  KINDS;

const dataFormat = choice("channelsFirst", "channelsLast");
const padding = choice("same", "valid");
const activityRegularizer = only(null, "penalties on what an attention computes are not supported");
const sparse = only(false, "TensorFlow.js has no sparse tensors");

const windowed: Settings = {
  kernelSize: required(counts(1)),
  strides: counts(1),
  dilationRate: counts(1),
  padding,
  dataFormat,
  useBias: flag,
};

const pooling: Settings = { dataFormat, keepdims: flag };
const adaptive = (axes: number): Settings => ({ outputSize: required(counts(axes)), dataFormat });
const dropout: Settings = { rate: required(fraction), dataFormat };

/** Arguments of a call of an attention in Keras. */
const called: Settings = {
  useCausalMask: flag,
  returnAttentionScores: flag,
  dropout: fraction,
  activityRegularizer,
};

const projected: Settings = {
  ...called,
  calledWith: { what: "an array of names", is: Array.isArray },
  useBias: flag,
  useGate: flag,
  slidingWindow: count,
};

const augmentation: KerasLayerRecord = {
  traits: traits("passesOn", { memoryCopies: 0 }),
  settings: {},
  stopsMask: true,
};

type Augmentation = typeof AUGMENTATIONS[number];

const ROWS = {
  ...Object.fromEntries(AUGMENTATIONS.map((name) => [name, augmentation])) as Record<
    Augmentation,
    KerasLayerRecord
  >,
  AdaptiveAveragePooling1D: {
    traits: traits("pool", { ...WINDOWS, operation: "mean" }),
    settings: adaptive(1),
    stopsMask: true,
  },
  AdaptiveAveragePooling2D: {
    traits: traits("pool", { ...WINDOWS, operation: "mean" }),
    settings: adaptive(2),
    stopsMask: true,
  },
  AdaptiveAveragePooling3D: {
    traits: traits("pool", { ...WINDOWS, operation: "mean" }),
    settings: adaptive(3),
    stopsMask: true,
  },
  AdaptiveMaxPooling1D: {
    traits: traits("pool", { ...KINKED, ...WINDOWS, operation: "largest" }),
    settings: adaptive(1),
    stopsMask: true,
  },
  AdaptiveMaxPooling2D: {
    traits: traits("pool", { ...KINKED, ...WINDOWS, operation: "largest" }),
    settings: adaptive(2),
    stopsMask: true,
  },
  AdaptiveMaxPooling3D: {
    traits: traits("pool", { ...KINKED, ...WINDOWS, operation: "largest" }),
    settings: adaptive(3),
    stopsMask: true,
  },
  AdditiveAttention: {
    traits: traits("container"),
    settings: { ...called, useScale: flag },
    inputs: [2, 3],
    calledWith: "array",
  },
  Attention: {
    traits: traits("container"),
    settings: { ...called, useScale: flag, scoreMode: KINDS.choice("dot", "concat") },
    inputs: [2, 3],
    calledWith: "array",
  },
  Conv1DTranspose: {
    traits: traits("convolution", { ...APART, kernel: "transposed" }),
    settings: {
      filters: required(count),
      ...windowed,
      outputPadding: only(null, "TensorFlow.js does not support output padding"),
    },
    stopsMask: true,
  },
  Cropping1D: {
    traits: traits("selects", { operation: "crop" }),
    settings: { cropping: bordersOf(1) },
    stopsMask: true,
  },
  Cropping3D: {
    traits: traits("selects", { operation: "crop" }),
    settings: { cropping: bordersOf(3), dataFormat },
    stopsMask: true,
  },
  CustomScaleLayer: {
    traits: traits("addition", { operation: "scaled" }),
    settings: { scale: required(number) },
    inputs: [2, 2],
    stopsMask: true,
  },
  DepthwiseConv1D: {
    traits: traits("convolution", { ...APART, kernel: "depthwise" }),
    settings: { ...windowed, depthMultiplier: count },
    stopsMask: true,
  },
  Discretization: {
    traits: traits("encoding"),
    settings: {
      binBoundaries: required(KINDS.numbers),
      outputMode: choice("int", "oneHot", "multiHot", "count"),
      sparse,
    },
    stopsMask: true,
  },
  EinsumDense: {
    // Two copies: the sum before and after adding the bias.
    traits: traits("dense", { kernel: "einsum", memoryCopies: 2 }),
    settings: {
      equation: required(text),
      outputShape: required(sizes),
      biasAxes: text,
      loraRank: only(null, "a kernel of low rank beside it is not read"),
      quantizationConfig: only(null, "a kernel of whole numbers is not read"),
    },
    stopsMask: true,
  },
  GlobalAveragePooling3D: {
    traits: traits("pool", { operation: "globalMean" }),
    settings: pooling,
    stopsMask: true,
  },
  GlobalMaxPooling3D: {
    traits: traits("pool", { ...KINKED, operation: "globalLargest" }),
    settings: pooling,
    stopsMask: true,
  },
  GroupNormalization: {
    traits: traits("normalization", { memoryCopies: 6 }),
    settings: { groups: axis, axis, epsilon: number, center: flag, scale: flag },
  },
  GroupQueryAttention: {
    traits: traits("container"),
    settings: {
      ...projected,
      headDim: required(count),
      numQueryHeads: required(count),
      numKeyValueHeads: required(count),
    },
    inputs: [1, 7],
    calledWith: "arguments",
    registeredAs: "GroupedQueryAttention",
  },
  Hashing: {
    traits: traits("encoding"),
    settings: {
      numBins: required(count),
      maskValue: number,
      outputMode: choice("int", "oneHot", "multiHot", "count"),
      salt: only(null, "a hash with a salt is not computed here"),
      sparse,
    },
    stopsMask: true,
  },
  LayerScale: {
    traits: traits("rescaling"),
    settings: { initValues: required(number), projectionDim: required(count) },
    stopsMask: true,
  },
  MultiHeadAttention: {
    traits: traits("container"),
    settings: {
      ...projected,
      numHeads: required(count),
      keyDim: required(count),
      valueDim: count,
      outputShape: sizes,
      attentionAxes: axes,
    },
    inputs: [1, 7],
    calledWith: "arguments",
  },
  Normalization: {
    traits: traits("rescaling", { memoryCopies: 2 }),
    settings: { axis: KINDS.axesOrNone, invert: flag },
  },
  RMSNormalization: {
    traits: traits("normalization", { operation: "rootMeanSquare", memoryCopies: 3 }),
    settings: { axis: axes, epsilon: number },
    stopsMask: true,
  },
  SeparableConv1D: {
    traits: traits("convolution", { ...APART, operation: "separable", memoryCopies: 2 }),
    settings: { filters: required(count), ...windowed, depthMultiplier: count },
    stopsMask: true,
  },
  SpatialDropout2D: { traits: traits("passesOn", DROPS), settings: dropout },
  SpatialDropout3D: { traits: traits("passesOn", DROPS), settings: dropout },
  SpectralNormalization: {
    traits: traits("container"),
    settings: { powerIterations: count },
    stopsMask: true,
  },
  Subtract: { traits: traits("merge"), settings: {}, inputs: [2, 2] },
  UnitNormalization: {
    traits: traits("normalization", { operation: "norm", memoryCopies: 2 }),
    settings: { axis: axes },
  },
  UpSampling1D: {
    traits: traits("resamples", { operation: "copy" }),
    settings: { size: count },
    stopsMask: true,
  },
  UpSampling3D: {
    traits: traits("resamples", { operation: "copy" }),
    settings: { size: counts(3), dataFormat },
    stopsMask: true,
  },
  ZeroPadding1D: {
    traits: traits("resamples", { operation: "pad" }),
    settings: { padding: bordersOf(1), dataFormat },
    stopsMask: true,
  },
  ZeroPadding3D: {
    traits: traits("resamples", { operation: "pad" }),
    settings: { padding: bordersOf(3), dataFormat },
    stopsMask: true,
  },
} satisfies Record<string, KerasLayerRecord>;

/** Name of a layer that Keras has and TensorFlow.js lacks. */
export type KerasLayerName = keyof typeof ROWS;

/** Layers that Keras has and TensorFlow.js lacks: `src/keras/layers/` has a class for each. */
export const KERAS_LAYER_RECORDS: Readonly<Record<string, KerasLayerRecord>> = ROWS;

/** Traits of these layers, of the parts of attentions, and of Keras's operations. */
export const KERAS_LAYER_TRAITS: Readonly<Record<string, LayerTraits>> = {
  ...Object.fromEntries(Object.entries(ROWS).map(([name, { traits }]) => [name, traits])),
  ...Object.fromEntries(
    Object.entries(OPERATION_TRAITS).map(([name, own]) => [operationClass(name), own]),
  ),
  AttentionContext: traits("merge"),
  AttentionScores: traits("merge"),
  AttentionSimilarity: traits("merge"),
  // With a mask it also keeps the replacements of the scores, and the result.
  AttentionWeights: traits("activation", { activation: "softmax", memoryCopies: 2.5 }),
};
