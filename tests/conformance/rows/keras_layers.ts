import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import {
  createConv1DTranspose,
  createDepthwiseConv1D,
  createSeparableConv1D,
} from "../../../src/keras/layers/convolutions_1d.ts";
import { createEinsumDense } from "../../../src/keras/layers/einsum_dense.ts";
import {
  createGroupNormalization,
  createRMSNormalization,
  createUnitNormalization,
} from "../../../src/keras/layers/normalizations.ts";
import { createMultiHeadAttention } from "../../../src/keras/layers/multi_head_attention.ts";
import {
  activate,
  add,
  alongAxes,
  convolve,
  convolveDepthwise,
  convolveTransposed,
  einsum,
  map,
  mean,
  moments,
  multiply,
  type NdArray,
  normalize,
  reduce,
  reshape,
  sum,
  type Window,
  zip,
} from "../reference/mod.ts";
import type { Row, RowLayer } from "../row.ts";
import { describe, type Options } from "./make.ts";

/** Returns the class of a layer for a copy of TensorFlow.js. */
type Factory = (tf: TensorFlow) => { readonly className: string; new (args: never): object };

function row(
  subject: string,
  create: Factory,
  options: Options,
  shapes: number[][],
  reference: Row["reference"],
): Row {
  return {
    subject,
    options: `${describe(options)} on ${shapes.map((shape) => `[${shape}]`).join(" and ")}`,
    inputs: shapes.map((shape) => ({ shape })),
    // Made by its factory and not by its name: what is registered stays as TensorFlow.js has it.
    create: (tf) => new (create(tf))(structuredClone(options) as never) as RowLayer,
    reference,
  };
}

const axesOf = (axis: unknown, shape: readonly number[]) =>
  [axis ?? -1].flat().map((axis) =>
    axis as number < 0 ? axis as number + shape.length : axis as number
  );

function rms(shape: number[], options: Options = {}): Row {
  const axes = axesOf(options.axis, shape);
  const { epsilon = 1e-6 } = options;
  return row("RMSNormalization", createRMSNormalization, options, [shape], ([x], [scale]) => {
    const squares = reduce(map(x, (value) => value ** 2), axes, true, mean);
    const y = zip(x, squares, (value, square) => value / Math.sqrt(square + (epsilon as number)));
    return multiply(y, alongAxes(scale, axes, shape));
  });
}

function unit(shape: number[], options: Options = {}): Row {
  const axes = axesOf(options.axis, shape);
  return row("UnitNormalization", createUnitNormalization, options, [shape], ([x]) => {
    const squares = reduce(map(x, (value) => value ** 2), axes, true, sum);
    return zip(x, squares, (value, square) => value / Math.sqrt(square));
  });
}

function group(shape: number[], options: Options): Row {
  const [axis] = axesOf(options.axis, shape);
  const { epsilon = 1e-3, scale = true, center = true } = options;
  const groups = options.groups === -1 ? shape[axis] : options.groups as number;
  const apart = shape.flatMap((size, i) => i === axis ? [groups, size / groups] : [size]);
  const others = apart.map((_, i) => i).filter((i) => i !== 0 && i !== axis);
  return row("GroupNormalization", createGroupNormalization, options, [shape], ([x], weights) => {
    const [...rest] = weights.map((weight) => alongAxes(weight, [axis], shape));
    const grouped = reshape(x, apart);
    const { mean, variance } = moments(grouped, others);
    let y = reshape(normalize(grouped, mean, variance, epsilon as number), shape);
    if (scale) y = multiply(y, rest.shift()!);
    return center ? add(y, rest.shift()!) : y;
  });
}

const windowOf = ({ strides = 1, dilationRate = 1, padding = "valid" }: Options): Window => ({
  strides: [strides as number],
  dilations: [dilationRate as number],
  padding: padding as Window["padding"],
});

/** A convolution along a sequence: its linear part, then a bias and an activation. */
function convolution(
  subject: string,
  create: Factory,
  options: Options,
  product: (x: NdArray, weights: NdArray[], window: Window) => NdArray,
): Row {
  const { useBias = true, activation = "linear" } = options;
  return row(subject, create, options, [[2, 7, 2]], ([x], weights) => {
    const z = product(x, weights, windowOf(options));
    return activate(useBias ? add(z, weights.at(-1)!) : z, activation as string);
  });
}

const depthwise = (options: Options) =>
  convolution(
    "DepthwiseConv1D",
    createDepthwiseConv1D,
    options,
    (x, [kernel], window) => convolveDepthwise(x, kernel, window),
  );

const separable = (options: Options) =>
  convolution(
    "SeparableConv1D",
    createSeparableConv1D,
    { filters: 3, ...options },
    (x, [spatial, pointwise], window) =>
      convolve(convolveDepthwise(x, spatial, window), pointwise, { strides: [1] }),
  );

const transposed = (options: Options) =>
  convolution(
    "Conv1DTranspose",
    createConv1DTranspose,
    { filters: 3, ...options },
    (x, [kernel], window) => convolveTransposed(x, kernel, window),
  );

function einsumDense(options: Options & { equation: string }, shape: number[]): Row {
  const { equation, biasAxes, activation = "linear" } = options;
  return row("EinsumDense", createEinsumDense, options, [shape], ([x], [kernel, bias]) => {
    const z = einsum(equation, x, kernel);
    return activate(biasAxes === undefined ? z : add(z, bias), activation as string);
  });
}

/** Attention of all queries to all keys; one shape for a layer that attends to its own input. */
function attention(options: Options & { keyDim: number }, shapes: number[][]): Row {
  const { keyDim, useBias = true, useCausalMask = false } = options;
  const reference = ([query, value]: NdArray[], weights: NdArray[]) => {
    const [...rest] = weights;
    const project = (equation: string, x: NdArray) => {
      const z = einsum(equation, x, rest.shift()!);
      return useBias ? add(z, rest.shift()!) : z;
    };
    const q = project("abc,cde->abde", query);
    const k = project("abc,cde->abde", value);
    const v = project("abc,cde->abde", value);
    const scores = map(einsum("abhd,ashd->ahbs", q, k), (score) => score / Math.sqrt(keyDim));
    const [steps, keys] = scores.shape.slice(-2);
    // A key that comes after its query has no weight.
    const masked = map(
      scores,
      (score, flat) =>
        useCausalMask && flat % keys > Math.floor(flat / keys) % steps ? -1e9 : score,
    );
    const heads = einsum("ahbs,ashd->abhd", activate(masked, "softmax"), v);
    return project("abhd,hdo->abo", heads);
  };
  return {
    ...row("MultiHeadAttention", createMultiHeadAttention, options, shapes, reference),
    // A bias of the keys moves all scores of a query alike: its gradient is 0, and all of it is rounding.
    tolerance: 2e-4,
  };
}

/** Layers that Keras has and TensorFlow.js lacks. */
export const KERAS_LAYERS: Row[] = [
  rms([3, 4]),
  rms([2, 3, 4], { epsilon: 0.1 }),
  rms([2, 3, 4], { axis: [1, 2] }),
  unit([3, 4]),
  unit([2, 3, 4], { axis: 1 }),
  unit([2, 3, 4], { axis: [1, 2] }),
  group([3, 6], { groups: 2 }),
  group([2, 4, 6], { groups: 3 }),
  group([2, 3, 4, 4], { groups: 2, epsilon: 0.1 }),
  group([2, 3, 4], { groups: 1, scale: false }),
  group([2, 3, 4], { groups: -1, center: false }),
  group([2, 4, 3], { groups: 2, axis: 1 }),
  depthwise({ kernelSize: 3 }),
  depthwise({ kernelSize: 3, padding: "same", depthMultiplier: 2 }),
  depthwise({ kernelSize: 2, strides: 2, useBias: false }),
  depthwise({ kernelSize: 2, dilationRate: 3, padding: "same", activation: "tanh" }),
  separable({ kernelSize: 3 }),
  separable({ kernelSize: 3, padding: "same", depthMultiplier: 2 }),
  separable({ kernelSize: 2, strides: 3, useBias: false }),
  separable({ kernelSize: 2, dilationRate: 2, activation: "relu" }),
  transposed({ kernelSize: 3 }),
  transposed({ kernelSize: 3, strides: 2 }),
  transposed({ kernelSize: 4, strides: 2, padding: "same" }),
  transposed({ kernelSize: 2, strides: 3, useBias: false, activation: "tanh" }),
  einsumDense({ equation: "ab,bc->ac", outputShape: 3 }, [2, 4]),
  einsumDense({ equation: "abc,cd->abd", outputShape: [null, 3], biasAxes: "d" }, [2, 3, 4]),
  einsumDense(
    { equation: "abc,cde->abde", outputShape: [null, 2, 3], biasAxes: "de", activation: "relu" },
    [2, 3, 4],
  ),
  einsumDense({ equation: "abde,dec->abc", outputShape: [null, 4], biasAxes: "c" }, [2, 3, 2, 3]),
  attention({ numHeads: 2, keyDim: 3 }, [[2, 4, 5], [2, 3, 5]]),
  attention({ numHeads: 2, keyDim: 3, useBias: false }, [[2, 4, 5], [2, 3, 5]]),
  attention({ numHeads: 3, keyDim: 2, valueDim: 4 }, [[2, 3, 4], [2, 5, 6]]),
  attention({ numHeads: 2, keyDim: 2, outputShape: 3 }, [[2, 3, 4], [2, 2, 4]]),
  attention({ numHeads: 1, keyDim: 3, useCausalMask: true }, [[2, 4, 3], [2, 4, 3]]),
];
