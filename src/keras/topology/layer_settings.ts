import { isObject } from "../../ground/words/shape.ts";
import { KERAS_LAYER_RECORDS } from "../../ground/traits/keras_layers.ts";
import { OPERATION_TRAITS, operationClass } from "../../ground/traits/operation_traits.ts";
import { KINDS, required, type Settings } from "../../ground/traits/setting.ts";

const { axes, axis, bordersOf, choice, count, counts, flag, fraction, number, only, pair } = KINDS;

const dataFormat = choice("channelsFirst", "channelsLast");
const interpolation = choice("nearest", "bilinear");
const samePadding = choice("same", "valid");

/** Settings of every layer. */
export const COMMON: Settings = {
  name: KINDS.text,
  trainable: flag,
  batchInputShape: KINDS.batchShape,
  inputShape: KINDS.shape,
  batchSize: count,
  // Set only in code, never in a file.
  weights: only(null, "weights are in weightsManifest"),
};

const windowed = (rank: number): Settings => ({
  kernelSize: required(counts(rank)),
  strides: counts(rank),
  dilationRate: counts(rank),
  padding: rank === 1 ? choice("same", "valid", "causal") : samePadding,
  dataFormat,
  useBias: flag,
  groups: rank === 3 ? only(1, "TensorFlow.js has no grouped 3-D convolution") : count,
});

const convolution = (rank: number): Settings => ({ filters: required(count), ...windowed(rank) });

const transposed = (rank: number): Settings => ({
  ...convolution(rank),
  groups: only(1, "TensorFlow.js has no grouped transposed convolution"),
  dilationRate: {
    what: "1: TensorFlow.js does not support dilated transposed convolutions",
    is: (value) => [value].flat().every((rate) => rate === 1),
  },
  outputPadding: only(null, "TensorFlow.js does not support output padding"),
});

const pooling = (rank: number): Settings => ({
  poolSize: counts(rank),
  strides: counts(rank),
  padding: samePadding,
  dataFormat,
});

const cell: Settings = {
  units: required(count),
  useBias: flag,
  dropout: fraction,
  recurrentDropout: fraction,
};

const gatedCell: Settings = {
  ...cell,
  implementation: { what: "1 or 2", is: (value) => value === 0 || value === 1 || value === 2 },
};

const gru: Settings = { ...gatedCell, resetAfter: flag };

const lstm: Settings = { ...gatedCell, unitForgetBias: flag };

const recurrent: Settings = {
  returnSequences: flag,
  returnState: flag,
  goBackwards: flag,
  stateful: flag,
  unroll: flag,
  timeMajor: only(false, "TensorFlow.js takes the batch first"),
  zeroOutputForMask: flag,
};

const convolutionalCell: Settings = {
  ...convolution(2),
  dropout: fraction,
  recurrentDropout: fraction,
  unitForgetBias: flag,
};

const image: Settings = { height: required(count), width: required(count) };

const normalization: Settings = { epsilon: number, center: flag, scale: flag };

/** Operations check their settings themselves, once they know the shapes. */
const operation: Settings = {
  operands: { what: "an array", is: Array.isArray },
  settings: { what: "an object", is: isObject },
};

/**
 * Layers of TensorFlow.js, and those of Keras that it lacks, with the settings that each may have.
 * Common settings are listed apart; initialisers, constraints, regularisers, activations and inner
 * layers are recognised by their keys. Any other class is a custom one.
 */
export const LAYER_SETTINGS: Record<string, Settings> = {
  Activation: {},
  Add: {},
  AlphaDropout: { rate: required(fraction) },
  Average: {},
  AveragePooling1D: pooling(1),
  AveragePooling2D: pooling(2),
  AveragePooling3D: pooling(3),
  BatchNormalization: { ...normalization, axis: axes, momentum: number },
  Bidirectional: { mergeMode: choice("concat", "sum", "mul", "ave") },
  CategoryEncoding: {
    numTokens: required(count),
    outputMode: choice("oneHot", "multiHot", "count", "int", "tfIdf"),
  },
  CenterCrop: { ...image, asKeras: flag },
  Concatenate: { axis: axis },
  Conv1D: convolution(1),
  Conv2D: convolution(2),
  Conv2DTranspose: transposed(2),
  Conv3D: convolution(3),
  Conv3DTranspose: transposed(3),
  ConvLSTM2D: { ...convolutionalCell, ...recurrent },
  ConvLSTM2DCell: convolutionalCell,
  Cropping2D: { cropping: required(bordersOf(2)), dataFormat },
  Dense: { units: required(count), useBias: flag, inputDim: count },
  DepthwiseConv2D: { ...windowed(2), depthMultiplier: count },
  Dot: {
    axes: {
      ...axis,
      what: "a whole number or an array of 2",
      items: pair("axis").items,
      required: true,
    },
    normalize: flag,
  },
  Dropout: { rate: required(fraction), noiseShape: KINDS.shape, seed: axis },
  ELU: { alpha: number },
  Embedding: {
    inputDim: required(count),
    outputDim: required(count),
    inputLength: KINDS.sizes,
    maskZero: flag,
  },
  Flatten: { dataFormat: dataFormat },
  GaussianDropout: { rate: required(fraction) },
  GaussianNoise: { stddev: required(number) },
  GlobalAveragePooling1D: { dataFormat, keepdims: flag },
  GlobalAveragePooling2D: { dataFormat, keepdims: flag },
  GlobalMaxPooling1D: { dataFormat, keepdims: flag },
  GlobalMaxPooling2D: { dataFormat, keepdims: flag },
  GRU: { ...gru, ...recurrent },
  GRUCell: gru,
  InputLayer: { sparse: flag },
  LSTM: { ...lstm, ...recurrent },
  LSTMCell: lstm,
  LayerNormalization: { ...normalization, axis: axes, rmsScaling: flag },
  LeakyReLU: { alpha: number },
  Masking: { maskValue: number },
  MaxPooling1D: pooling(1),
  MaxPooling2D: pooling(2),
  MaxPooling3D: pooling(3),
  Maximum: {},
  Minimum: {},
  Multiply: {},
  PReLU: { sharedAxes: axes },
  Permute: { dims: required(KINDS.permutation) },
  RNN: recurrent,
  RandomWidth: { factor: required(KINDS.range), interpolation },
  ReLU: { maxValue: number, negativeSlope: number, threshold: number },
  RepeatVector: { n: required(count) },
  Rescaling: { scale: required(KINDS.numbers), offset: KINDS.numbers },
  Reshape: { targetShape: required(KINDS.target) },
  Resizing: { ...image, interpolation, cropToAspectRatio: flag, asKeras: flag },
  SeparableConv2D: { ...convolution(2), depthMultiplier: count },
  SimpleRNN: { ...cell, ...recurrent },
  SimpleRNNCell: cell,
  Softmax: { axis: axes },
  SpatialDropout1D: { rate: required(fraction) },
  StackedRNNCells: {},
  ThresholdedReLU: { theta: number },
  TimeDistributed: {},
  UpSampling2D: { size: pair("count"), dataFormat, interpolation, asKeras: flag },
  ZeroPadding2D: { padding: bordersOf(2), dataFormat: dataFormat },
  ...Object.fromEntries(
    Object.entries(KERAS_LAYER_RECORDS).map(([name, { settings }]) => [name, settings]),
  ),
  ...Object.fromEntries(
    Object.keys(OPERATION_TRAITS).map((name) => [operationClass(name), operation]),
  ),
};
