import {
  activate,
  add,
  CHANNELS_FIRST,
  CHANNELS_LAST,
  convolve,
  convolveDepthwise,
  convolveTransposed,
  type NdArray,
  transpose,
  type Window,
} from "../reference/mod.ts";
import type { Row } from "../row.ts";
import { describe, make, type Options } from "./make.ts";
import type { Extent } from "./pooling.ts";

/** A convolution by its name in `tf.layers`. */
export type Convolution =
  | "conv1d"
  | "conv2d"
  | "conv3d"
  | "conv2dTranspose"
  | "conv3dTranspose"
  | "depthwiseConv2d"
  | "separableConv2d";

/** The linear part of each, on channels-last arrays. */
const PRODUCTS: Record<Convolution, (x: NdArray, weights: NdArray[], window: Window) => NdArray> = {
  conv1d: (x, [kernel], window) => convolve(x, kernel, window),
  conv2d: (x, [kernel], window) => convolve(x, kernel, window),
  conv3d: (x, [kernel], window) => convolve(x, kernel, window),
  conv2dTranspose: (x, [kernel], window) => convolveTransposed(x, kernel, window),
  conv3dTranspose: (x, [kernel], window) => convolveTransposed(x, kernel, window),
  depthwiseConv2d: (x, [kernel], window) => convolveDepthwise(x, kernel, window),
  separableConv2d: (x, [spatial, pointwise], window) =>
    convolve(convolveDepthwise(x, spatial, window), pointwise, { strides: [1, 1] }),
};

const EXTENTS: Record<Convolution, Extent> = {
  conv1d: { batch: 2, space: [7], channels: 2 },
  conv2d: { batch: 2, space: [6, 5], channels: 2 },
  conv3d: { batch: 2, space: [4, 5, 4], channels: 2 },
  conv2dTranspose: { batch: 2, space: [3, 4], channels: 2 },
  conv3dTranspose: { batch: 2, space: [2, 3, 2], channels: 2 },
  depthwiseConv2d: { batch: 2, space: [6, 5], channels: 2 },
  separableConv2d: { batch: 2, space: [6, 5], channels: 2 },
};

const fill = (value: unknown, rank: number): number[] =>
  Array.isArray(value) ? value : Array(rank).fill(value ?? 1);

function row(
  subject: Convolution,
  options: Options,
  product: (x: NdArray, weights: NdArray[], window: Window) => NdArray,
  { batch, space, channels }: Extent,
): Row {
  const rank = space.length;
  const first = options.dataFormat === "channelsFirst";
  const window: Window = {
    strides: fill(options.strides, rank),
    dilations: fill(options.dilationRate, rank),
    padding: (options.padding ?? "valid") as Window["padding"],
  };
  const useBias = options.useBias ?? true;
  return {
    subject,
    options: describe(options),
    inputs: [{ shape: first ? [batch, channels, ...space] : [batch, ...space, channels] }],
    create: make(subject, options),
    reference([x], weights) {
      let y = product(first ? transpose(x, CHANNELS_LAST(rank)) : x, weights, window);
      if (useBias) y = add(y, weights.at(-1)!);
      // On the layer's own layout: a softmax runs over its last axis.
      if (first) y = transpose(y, CHANNELS_FIRST(rank));
      return activate(y, (options.activation ?? "linear") as string);
    },
  };
}

/** A row of a convolution by its name in `tf.layers`. */
export function convolutionRow(subject: Convolution, options: Options, extent?: Extent): Row {
  const all = subject === "depthwiseConv2d" ? options : { filters: 3, ...options };
  return row(subject, all, PRODUCTS[subject], extent ?? EXTENTS[subject]);
}

const conv = (rank: 1 | 2 | 3, options: Options, extent?: Extent) =>
  convolutionRow(`conv${rank}d`, options, extent);
const transposed = (rank: 2 | 3, options: Options) =>
  convolutionRow(`conv${rank}dTranspose`, options);
const depthwise = (options: Options) => convolutionRow("depthwiseConv2d", options);
const separable = (options: Options) => convolutionRow("separableConv2d", options);

const ACTIVATIONS = ["relu", "elu", "tanh", "sigmoid", "softmax", "relu6"];

/** A window of 2 that moves by 3 ends before an input of 6 does. */
const sparse = (subject: Convolution, space: number[]): Row => ({
  ...convolutionRow(subject, { kernelSize: 2, strides: 3, padding: "same" }, {
    batch: 2,
    space,
    channels: 2,
  }),
  options: `kernelSize 2, strides 3, padding same on [${space}]`,
});

/** Every convolution of `tf.layers`. */
export const CONVOLUTIONS: Row[] = [
  sparse("conv1d", [6]),
  sparse("conv2d", [6, 3]),
  sparse("conv3d", [3, 2, 3]),
  sparse("depthwiseConv2d", [6, 3]),
  sparse("separableConv2d", [3, 6]),
  conv(1, { kernelSize: 3 }),
  conv(1, { kernelSize: 3, padding: "same" }),
  conv(1, { kernelSize: 4, padding: "same", strides: 2 }),
  conv(1, { kernelSize: 2, strides: 3 }),
  conv(1, { kernelSize: 3, useBias: false }),
  conv(1, { kernelSize: 1 }),
  conv(1, { kernelSize: 3, dilationRate: 2 }),
  conv(1, { kernelSize: 2, dilationRate: 3, padding: "same" }),
  conv(1, { kernelSize: 3, dilationRate: 2, padding: "same", activation: "relu" }),
  conv(1, { kernelSize: 3, padding: "causal" }),
  conv(1, { kernelSize: 2, padding: "causal", dilationRate: 3 }),
  conv(1, { kernelSize: 3, padding: "causal", strides: 2, activation: "tanh" }),
  conv(1, { kernelSize: 3, padding: "causal", dataFormat: "channelsFirst" }),
  conv(1, { kernelSize: 3, dataFormat: "channelsFirst" }),
  conv(1, { kernelSize: 3, dataFormat: "channelsFirst", dilationRate: 2, useBias: false }),
  ...ACTIVATIONS.map((activation) => conv(1, { kernelSize: 3, activation })),

  conv(2, { kernelSize: 3 }),
  conv(2, { kernelSize: 3, padding: "same" }),
  conv(2, { kernelSize: [2, 3], padding: "same", strides: 2 }),
  conv(2, { kernelSize: 3, padding: "same", strides: [2, 3] }),
  conv(2, { kernelSize: 2, strides: 3 }),
  conv(2, { kernelSize: 1, strides: 2 }),
  conv(2, { kernelSize: 1 }),
  conv(2, { kernelSize: [3, 2], useBias: false }),
  conv(2, { kernelSize: 2, dilationRate: 2 }),
  conv(2, { kernelSize: 3, dilationRate: 2, padding: "same" }),
  conv(2, { kernelSize: [2, 3], dilationRate: [3, 2], padding: "same", useBias: false }),
  conv(2, { kernelSize: 2, dilationRate: [1, 2], activation: "relu" }),
  conv(2, { kernelSize: 2, dilationRate: 2, activation: "tanh" }),
  conv(2, { kernelSize: 2, dilationRate: 2, dataFormat: "channelsFirst" }),
  conv(2, { kernelSize: 3, dataFormat: "channelsFirst" }),
  conv(2, { kernelSize: 3, dataFormat: "channelsFirst", padding: "same", strides: 2 }),
  conv(2, { kernelSize: 3, dataFormat: "channelsFirst", activation: "relu" }),
  conv(2, { kernelSize: 2, filters: 1 }, { batch: 1, space: [3, 4], channels: 1 }),
  ...ACTIVATIONS.map((activation) => conv(2, { kernelSize: 2, activation })),

  conv(3, { kernelSize: 2 }),
  conv(3, { kernelSize: [2, 3, 2], padding: "same" }),
  conv(3, { kernelSize: 2, strides: 2 }),
  conv(3, { kernelSize: [3, 2, 1], strides: [1, 2, 3], padding: "same" }),
  conv(3, { kernelSize: 1, strides: 2 }),
  conv(3, { kernelSize: 2, useBias: false, activation: "relu" }),
  conv(3, { kernelSize: 2, dilationRate: 2 }),
  conv(3, { kernelSize: 2, dilationRate: [1, 2, 3], padding: "same" }),
  conv(3, { kernelSize: 2, dataFormat: "channelsFirst" }),
  conv(3, { kernelSize: 2, filters: 1 }, { batch: 1, space: [2, 3, 2], channels: 1 }),

  transposed(2, { kernelSize: 3 }),
  transposed(2, { kernelSize: 3, padding: "same" }),
  transposed(2, { kernelSize: 3, strides: 2 }),
  transposed(2, { kernelSize: [3, 2], strides: 2, padding: "same" }),
  transposed(2, { kernelSize: 2, strides: 3 }),
  transposed(2, { kernelSize: 2, strides: [3, 1], padding: "same", useBias: false }),
  transposed(2, { kernelSize: 3, strides: 2, dataFormat: "channelsFirst" }),
  transposed(2, { kernelSize: 3, activation: "relu" }),

  transposed(3, { kernelSize: 2 }),
  transposed(3, { kernelSize: 3, padding: "same" }),
  transposed(3, { kernelSize: 3, strides: 2 }),
  transposed(3, { kernelSize: [3, 2, 1], strides: [2, 1, 2], padding: "same" }),
  transposed(3, { kernelSize: 2, strides: 3, useBias: false }),
  transposed(3, { kernelSize: 2, strides: 2, dataFormat: "channelsFirst" }),
  transposed(3, { kernelSize: 2, activation: "tanh" }),

  depthwise({ kernelSize: 3 }),
  depthwise({ kernelSize: 3, padding: "same" }),
  depthwise({ kernelSize: 3, strides: 2, padding: "same" }),
  depthwise({ kernelSize: [2, 3], depthMultiplier: 2 }),
  depthwise({ kernelSize: 2, strides: 3, useBias: false }),
  depthwise({ kernelSize: 3, depthMultiplier: 3, padding: "same", activation: "relu" }),
  depthwise({ kernelSize: 3, dataFormat: "channelsFirst", depthMultiplier: 2 }),
  depthwise({ kernelSize: 2, dilationRate: 2 }),
  depthwise({ kernelSize: 2, dilationRate: [1, 3], padding: "same", depthMultiplier: 2 }),
  depthwise({ kernelSize: 2, strides: 2, dilationRate: 3 }),
  depthwise({ kernelSize: 3, strides: [1, 2], dilationRate: 2, padding: "same" }),

  separable({ kernelSize: 3 }),
  separable({ kernelSize: 3, padding: "same", depthMultiplier: 2 }),
  separable({ kernelSize: 2, strides: 2, padding: "same" }),
  separable({ kernelSize: [2, 3], useBias: false, activation: "relu" }),
  separable({ kernelSize: 2, dilationRate: 2 }),
  separable({ kernelSize: 2, dilationRate: 2, padding: "same", depthMultiplier: 2 }),
  separable({ kernelSize: 2, strides: 2, dilationRate: 2, padding: "same" }),
  separable({ kernelSize: 3, dataFormat: "channelsFirst", useBias: false }),
  separable({ kernelSize: 3, dataFormat: "channelsFirst" }),
];
