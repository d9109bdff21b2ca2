import type { Layer, TensorFlow } from "../../../src/engine/mod.ts";
import type { KerasLayers } from "../../../src/keras/layers/mod.ts";

/** A layer of each class, and with each of its settings, by what an example has to be like. */
export const NEW_LAYERS: [
  what: string,
  shape: number[],
  make: (layers: KerasLayers, tf: TensorFlow) => Layer,
][] = [
  ["Conv1DTranspose", [5, 2], (K) =>
    new K.Conv1DTranspose({
      filters: 3,
      kernelSize: 2,
      strides: 2,
      padding: "same",
      activation: "hardTanh" as never,
    })],
  ["Conv1DTranspose, channels first", [2, 5], (K) =>
    new K.Conv1DTranspose({
      filters: 3,
      kernelSize: 2,
      dilationRate: 2,
      dataFormat: "channelsFirst",
      useBias: false,
    })],
  ["Cropping1D", [5, 2], (K) => new K.Cropping1D({ cropping: [1, 2] as never })],
  [
    "Cropping3D",
    [2, 4, 4, 4],
    (K) => new K.Cropping3D({ cropping: [1, [0, 2], 1], dataFormat: "channelsFirst" }),
  ],
  [
    "DepthwiseConv1D",
    [5, 2],
    (K) =>
      new K.DepthwiseConv1D({ kernelSize: 3, depthMultiplier: 2, padding: "same", strides: 2 }),
  ],
  [
    "DepthwiseConv1D, channels first",
    [2, 7],
    (K) => new K.DepthwiseConv1D({ kernelSize: 2, dilationRate: 2, dataFormat: "channelsFirst" }),
  ],
  [
    "Discretization",
    [3, 1],
    (K) => new K.Discretization({ binBoundaries: [-1, 0.5], outputMode: "oneHot" }),
  ],
  [
    "Discretization, counted",
    [3],
    (K) => new K.Discretization({ binBoundaries: [0], outputMode: "count" }),
  ],
  ["GlobalAveragePooling3D", [2, 3, 2, 2], (K) => new K.GlobalAveragePooling3D({ keepdims: true })],
  [
    "GlobalMaxPooling3D",
    [2, 3, 2, 2],
    (K) => new K.GlobalMaxPooling3D({ dataFormat: "channelsFirst" }),
  ],
  ["GroupNormalization", [4, 6], (K) => new K.GroupNormalization({ groups: 3, center: false })],
  [
    "GroupNormalization, another axis",
    [4, 6],
    (K) => new K.GroupNormalization({ groups: -1, axis: 1 }),
  ],
  ["LayerScale", [3, 2], (K) => new K.LayerScale({ initValues: 0.5, projectionDim: 2 })],
  ["Normalization", [3, 2], (K) => new K.Normalization({ mean: [1, 2], variance: [2, 3] })],
  ["Normalization, adapted", [3, 2], (K) => new K.Normalization({ axis: [1, 2], invert: true })],
  ["RMSNormalization", [3, 4], (K) => new K.RMSNormalization({ epsilon: 0.1 })],
  [
    "SeparableConv1D",
    [6, 2],
    (K) =>
      new K.SeparableConv1D({ filters: 3, kernelSize: 2, depthMultiplier: 2, dilationRate: 2 }),
  ],
  [
    "SeparableConv1D, channels first",
    [2, 6],
    (K) => new K.SeparableConv1D({ filters: 3, kernelSize: 2, dataFormat: "channelsFirst" }),
  ],
  ["SpatialDropout2D", [3, 3, 2], (K) => new K.SpatialDropout2D({ rate: 0.5 })],
  [
    "SpatialDropout3D",
    [2, 3, 3, 2],
    (K) => new K.SpatialDropout3D({ rate: 0.5, dataFormat: "channelsFirst" }),
  ],
  [
    "SpectralNormalization",
    [3],
    (K, tf) =>
      new K.SpectralNormalization({ layer: tf.layers.dense({ units: 2 }), powerIterations: 2 }),
  ],
  ["UnitNormalization", [3, 4], (K) => new K.UnitNormalization({ axis: [1, 2] })],
  ["UpSampling1D", [3, 2], (K) => new K.UpSampling1D({ size: 3 })],
  ["UpSampling3D", [2, 2, 2, 1], (K) => new K.UpSampling3D({ size: [1, 2, 3] })],
  ["ZeroPadding1D", [3, 2], (K) => new K.ZeroPadding1D({ padding: [0, 2] as never })],
  ["ZeroPadding3D", [2, 2, 2, 1], (K) => new K.ZeroPadding3D({ padding: [[1, 0], 1, 0] })],
  ["RandomFlip", [4, 4, 3], (K) => new K.RandomFlip({ mode: "horizontal" })],
];
