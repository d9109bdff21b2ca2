import { AUGMENTATIONS } from "../../traits/keras_layer_traits.ts";
import { OPERATION_TRAITS, operationClass } from "../../traits/operation_traits.ts";
import { KINDS, required, type Setting } from "./setting.ts";

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

/** Operations check their settings themselves, once they know the shapes. */
const operation: Settings = {
  operands: { what: "an array", is: Array.isArray },
  settings: {
    what: "an object",
    is: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  },
};

/** Settings of the layers that Keras has and TensorFlow.js lacks. */
const KERAS_LAYER_SETTINGS: Record<string, Settings> = {
  AdaptiveAveragePooling1D: adaptive(1),
  AdaptiveAveragePooling2D: adaptive(2),
  AdaptiveAveragePooling3D: adaptive(3),
  AdaptiveMaxPooling1D: adaptive(1),
  AdaptiveMaxPooling2D: adaptive(2),
  AdaptiveMaxPooling3D: adaptive(3),
  AdditiveAttention: { ...called, useScale: flag },
  Attention: { ...called, useScale: flag, scoreMode: KINDS.choice("dot", "concat") },
  ...Object.fromEntries(AUGMENTATIONS.map((name) => [name, {}])),
  ...Object.fromEntries(
    Object.keys(OPERATION_TRAITS).map((name) => [operationClass(name), operation]),
  ),
  Conv1DTranspose: {
    filters: required(count),
    ...windowed,
    outputPadding: only(null, "TensorFlow.js pads no output"),
  },
  Cropping1D: { cropping: bordersOf(1) },
  Cropping3D: { cropping: bordersOf(3), dataFormat },
  DepthwiseConv1D: { ...windowed, depthMultiplier: count },
  Discretization: {
    binBoundaries: required(KINDS.numbers),
    outputMode: choice("int", "oneHot", "multiHot", "count"),
    sparse,
  },
  EinsumDense: {
    equation: required(text),
    outputShape: required(sizes),
    biasAxes: text,
    loraRank: only(null, "a kernel of low rank beside it is not read"),
    quantizationConfig: only(null, "a kernel of whole numbers is not read"),
  },
  GroupQueryAttention: {
    ...projected,
    headDim: required(count),
    numQueryHeads: required(count),
    numKeyValueHeads: required(count),
  },
  MultiHeadAttention: {
    ...projected,
    numHeads: required(count),
    keyDim: required(count),
    valueDim: count,
    outputShape: sizes,
    attentionAxes: axes,
  },
  GlobalAveragePooling3D: pooling,
  GlobalMaxPooling3D: pooling,
  GroupNormalization: { groups: axis, axis, epsilon: number, center: flag, scale: flag },
  LayerScale: { initValues: required(number), projectionDim: required(count) },
  Normalization: { axis: KINDS.axesOrNone, invert: flag },
  RMSNormalization: { axis: axes, epsilon: number },
  SeparableConv1D: { filters: required(count), ...windowed, depthMultiplier: count },
  SpatialDropout2D: dropout,
  SpatialDropout3D: dropout,
  SpectralNormalization: { powerIterations: count },
  Subtract: {},
  UnitNormalization: { axis: axes },
  UpSampling1D: { size: count },
  UpSampling3D: { size: counts(3), dataFormat },
  ZeroPadding1D: { padding: bordersOf(1), dataFormat },
  ZeroPadding3D: { padding: bordersOf(3), dataFormat },
};

/** Settings that a class's configuration may hold, by keys in camel case. */
export type Settings = Record<string, Setting>;

const {
  axes: axesOfLayerSettings,
  axis: axisOfLayerSettings,
  bordersOf: bordersOfOfLayerSettings,
  choice: choiceOfLayerSettings,
  count: countOfLayerSettings,
  counts: countsOfLayerSettings,
  flag: flagOfLayerSettings,
  fraction: fractionOfLayerSettings,
  number: numberOfLayerSettings,
  only: onlyOfLayerSettings,
  pair,
} = KINDS;

const dataFormatOfLayerSettings = choiceOfLayerSettings("channelsFirst", "channelsLast");
const interpolation = choiceOfLayerSettings("nearest", "bilinear");
const samePadding = choiceOfLayerSettings("same", "valid");

/** Settings of every layer. */
export const COMMON: Settings = {
  name: KINDS.text,
  trainable: flagOfLayerSettings,
  batchInputShape: KINDS.batchShape,
  inputShape: KINDS.shape,
  batchSize: countOfLayerSettings,
  // Set only in code, never in a file.
  weights: onlyOfLayerSettings(null, "weights stand in weightsManifest"),
};

const windowedOfLayerSettings = (rank: number): Settings => ({
  kernelSize: required(countsOfLayerSettings(rank)),
  strides: countsOfLayerSettings(rank),
  dilationRate: countsOfLayerSettings(rank),
  padding: rank === 1 ? choiceOfLayerSettings("same", "valid", "causal") : samePadding,
  dataFormat: dataFormatOfLayerSettings,
  useBias: flagOfLayerSettings,
  groups: rank === 3
    ? onlyOfLayerSettings(1, "TensorFlow.js has no such convolution in groups")
    : countOfLayerSettings,
});

const convolution = (rank: number): Settings => ({
  filters: required(countOfLayerSettings),
  ...windowedOfLayerSettings(rank),
});

const transposed = (rank: number): Settings => ({
  ...convolution(rank),
  groups: onlyOfLayerSettings(1, "TensorFlow.js has no such convolution in groups"),
  dilationRate: {
    what: "1: TensorFlow.js dilates no transposed convolution",
    is: (value) => [value].flat().every((rate) => rate === 1),
  },
  outputPadding: onlyOfLayerSettings(null, "TensorFlow.js pads no output"),
});

const poolingOfLayerSettings = (rank: number): Settings => ({
  poolSize: countsOfLayerSettings(rank),
  strides: countsOfLayerSettings(rank),
  padding: samePadding,
  dataFormat: dataFormatOfLayerSettings,
});

const cell: Settings = {
  units: required(countOfLayerSettings),
  useBias: flagOfLayerSettings,
  dropout: fractionOfLayerSettings,
  recurrentDropout: fractionOfLayerSettings,
};

const gatedCell: Settings = {
  ...cell,
  implementation: {
    what: "1 or 2",
    is: (value) => value === 0 || value === 1 || value === 2,
  },
};

const gru: Settings = {
  ...gatedCell,
  resetAfter: flagOfLayerSettings,
};

const lstm: Settings = { ...gatedCell, unitForgetBias: flagOfLayerSettings };

const recurrent: Settings = {
  returnSequences: flagOfLayerSettings,
  returnState: flagOfLayerSettings,
  goBackwards: flagOfLayerSettings,
  stateful: flagOfLayerSettings,
  unroll: flagOfLayerSettings,
  timeMajor: onlyOfLayerSettings(false, "TensorFlow.js takes the batch first"),
  zeroOutputForMask: flagOfLayerSettings,
};

const convolutionalCell: Settings = {
  ...convolution(2),
  dropout: fractionOfLayerSettings,
  recurrentDropout: fractionOfLayerSettings,
  unitForgetBias: flagOfLayerSettings,
};

const image: Settings = {
  height: required(countOfLayerSettings),
  width: required(countOfLayerSettings),
};

const normalization: Settings = {
  epsilon: numberOfLayerSettings,
  center: flagOfLayerSettings,
  scale: flagOfLayerSettings,
};

/**
 * Layers of TensorFlow.js, and those of Keras that it lacks, with the settings that each may have.
 * Common settings are listed apart; initialisers, constraints, regularisers, activations and inner
 * layers are recognised by their keys. Any other class is a custom one.
 */
export const LAYER_SETTINGS: Record<string, Settings> = {
  Activation: {},
  Add: {},
  AlphaDropout: { rate: required(fractionOfLayerSettings) },
  Average: {},
  AveragePooling1D: poolingOfLayerSettings(1),
  AveragePooling2D: poolingOfLayerSettings(2),
  AveragePooling3D: poolingOfLayerSettings(3),
  BatchNormalization: {
    ...normalization,
    axis: axesOfLayerSettings,
    momentum: numberOfLayerSettings,
  },
  Bidirectional: { mergeMode: choiceOfLayerSettings("concat", "sum", "mul", "ave") },
  CategoryEncoding: {
    numTokens: required(countOfLayerSettings),
    outputMode: choiceOfLayerSettings("oneHot", "multiHot", "count", "int", "tfIdf"),
  },
  CenterCrop: { ...image, asKeras: flagOfLayerSettings },
  Concatenate: { axis: axisOfLayerSettings },
  Conv1D: convolution(1),
  Conv2D: convolution(2),
  Conv2DTranspose: transposed(2),
  Conv3D: convolution(3),
  Conv3DTranspose: transposed(3),
  ConvLSTM2D: { ...convolutionalCell, ...recurrent },
  ConvLSTM2DCell: convolutionalCell,
  Cropping2D: {
    cropping: required(bordersOfOfLayerSettings(2)),
    dataFormat: dataFormatOfLayerSettings,
  },
  Dense: {
    units: required(countOfLayerSettings),
    useBias: flagOfLayerSettings,
    inputDim: countOfLayerSettings,
  },
  DepthwiseConv2D: { ...windowedOfLayerSettings(2), depthMultiplier: countOfLayerSettings },
  Dot: {
    axes: {
      ...axisOfLayerSettings,
      what: "a whole number or an array of 2",
      items: pair("axis").items,
      required: true,
    },
    normalize: flagOfLayerSettings,
  },
  Dropout: {
    rate: required(fractionOfLayerSettings),
    noiseShape: KINDS.shape,
    seed: axisOfLayerSettings,
  },
  ELU: { alpha: numberOfLayerSettings },
  Embedding: {
    inputDim: required(countOfLayerSettings),
    outputDim: required(countOfLayerSettings),
    inputLength: KINDS.sizes,
    maskZero: flagOfLayerSettings,
  },
  Flatten: { dataFormat: dataFormatOfLayerSettings },
  GaussianDropout: { rate: required(fractionOfLayerSettings) },
  GaussianNoise: { stddev: required(numberOfLayerSettings) },
  GlobalAveragePooling1D: { dataFormat: dataFormatOfLayerSettings, keepdims: flagOfLayerSettings },
  GlobalAveragePooling2D: { dataFormat: dataFormatOfLayerSettings, keepdims: flagOfLayerSettings },
  GlobalMaxPooling1D: { dataFormat: dataFormatOfLayerSettings, keepdims: flagOfLayerSettings },
  GlobalMaxPooling2D: { dataFormat: dataFormatOfLayerSettings, keepdims: flagOfLayerSettings },
  GRU: { ...gru, ...recurrent },
  GRUCell: gru,
  InputLayer: { sparse: flagOfLayerSettings },
  LSTM: { ...lstm, ...recurrent },
  LSTMCell: lstm,
  LayerNormalization: {
    ...normalization,
    axis: axesOfLayerSettings,
    rmsScaling: flagOfLayerSettings,
  },
  LeakyReLU: { alpha: numberOfLayerSettings },
  Masking: { maskValue: numberOfLayerSettings },
  MaxPooling1D: poolingOfLayerSettings(1),
  MaxPooling2D: poolingOfLayerSettings(2),
  MaxPooling3D: poolingOfLayerSettings(3),
  Maximum: {},
  Minimum: {},
  Multiply: {},
  PReLU: { sharedAxes: axesOfLayerSettings },
  Permute: { dims: required(KINDS.permutation) },
  RNN: recurrent,
  RandomWidth: { factor: required(KINDS.range), interpolation },
  ReLU: {
    maxValue: numberOfLayerSettings,
    negativeSlope: numberOfLayerSettings,
    threshold: numberOfLayerSettings,
  },
  RepeatVector: { n: required(countOfLayerSettings) },
  Rescaling: { scale: required(KINDS.numbers), offset: KINDS.numbers },
  Reshape: { targetShape: required(KINDS.target) },
  Resizing: {
    ...image,
    interpolation,
    cropToAspectRatio: flagOfLayerSettings,
    asKeras: flagOfLayerSettings,
  },
  SeparableConv2D: { ...convolution(2), depthMultiplier: countOfLayerSettings },
  SimpleRNN: { ...cell, ...recurrent },
  SimpleRNNCell: cell,
  Softmax: { axis: axesOfLayerSettings },
  SpatialDropout1D: { rate: required(fractionOfLayerSettings) },
  StackedRNNCells: {},
  ThresholdedReLU: { theta: numberOfLayerSettings },
  TimeDistributed: {},
  UpSampling2D: {
    size: pair("count"),
    dataFormat: dataFormatOfLayerSettings,
    interpolation,
    asKeras: flagOfLayerSettings,
  },
  ZeroPadding2D: { padding: bordersOfOfLayerSettings(2), dataFormat: dataFormatOfLayerSettings },
  ...KERAS_LAYER_SETTINGS,
};
