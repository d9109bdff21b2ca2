import { AUGMENTATIONS } from "../traits/keras_layer_traits.ts";
import { OPERATION_TRAITS, operationClass } from "../traits/operation_traits.ts";
import type { Settings } from "./layer_settings.ts";
import { KINDS, required } from "./setting.ts";

const { axes, axis, bordersOf, choice, count, counts, flag, fraction, number, only, sizes, text } =
  KINDS;

const dataFormat = choice("channelsFirst", "channelsLast");
const padding = choice("same", "valid");
/** Settings that no layer of TensorFlow.js supports. */
const activityRegularizer = only(null, "TensorFlow.js adds no penalty on activations");
const sparse = only(false, "TensorFlow.js has no sparse tensors");

const windowed: Settings = {
  kernelSize: required(counts(1)),
  strides: counts(1),
  dilationRate: counts(1),
  padding,
  dataFormat,
  useBias: flag,
  activityRegularizer,
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
export const KERAS_LAYER_SETTINGS: Record<string, Settings> = {
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
    activityRegularizer,
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
