import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { RECURRENT_CASES } from "./recurrent_cases.ts";
import { SWEEPS } from "./sweep_cases.ts";

/** Runs a kernel. `x` makes a tensor of a shape. */
// deno-lint-ignore no-explicit-any -- kernels are run by name, with attributes of their own
export type Run = (tf: TensorFlow, x: (...shape: number[]) => Tensor) => any;

const kernel = (
  name: string,
  inputs: (x: (...shape: number[]) => Tensor, tf: TensorFlow) => Record<string, Tensor>,
  attributes: object = {},
): Run =>
(tf, x) => tf.engine().runKernel(name, inputs(x, tf) as never, attributes as never);

const pool2d = { filterSize: [2, 2], strides: [2, 2], pad: "valid" };
const pool3d = { filterSize: [2, 2, 2], strides: [2, 2, 2], pad: "valid" };
const dilation = { strides: [1, 1], pad: "valid", dilations: [1, 1] };

/** A case of a comparison of unlike shapes, whose answers are those of JavaScript, for NaN, too. */
const compared = (name: string, isTrue: (p: number, q: number) => boolean) => ({
  [name]: { run: kernel(name, (x, tf) => ({ a: x(2, 2), b: tf.ones([1, 2]) })), isTrue },
});

/** Call of a kernel, and what is known of its output. */
interface KernelCase {
  run: Run;
  bounded?: boolean;
  isTrue?: (p: number, q: number) => boolean;
}

/**
 * Calls of each kernel of this project in which the first entry matters. `x` makes a tensor that
 * begins with the number under test and goes on with ones. An output that is bounded by nature
 * stays finite for an infinite input.
 */
export const KERNEL_CASES: Record<string, KernelCase> = {
  ...SWEEPS,
  ...compared("Equal", (p, q) => p === q),
  ...compared("NotEqual", (p, q) => p !== q),
  ...compared("Less", (p, q) => p < q),
  ...compared("LessEqual", (p, q) => p <= q),
  ...compared("Greater", (p, q) => p > q),
  ...compared("GreaterEqual", (p, q) => p >= q),
  AvgPool: { run: kernel("AvgPool", (x) => ({ x: x(1, 4, 4, 1) }), pool2d) },
  AvgPool3D: {
    run: kernel("AvgPool3D", (x) => ({ x: x(1, 1, 4, 4, 1) }), {
      filterSize: [1, 1, 1],
      strides: [2, 2, 2],
      pad: "same",
    }),
  },
  AvgPool3DGrad: {
    run: kernel(
      "AvgPool3DGrad",
      (x, tf) => ({ dy: x(1, 1, 1, 1, 1), input: tf.ones([1, 2, 2, 2, 1]) }),
      pool3d,
    ),
  },
  AvgPoolGrad: {
    run: kernel(
      "AvgPoolGrad",
      (x, tf) => ({ dy: x(1, 1, 1, 1), input: tf.ones([1, 2, 2, 1]) }),
      pool2d,
    ),
  },
  BatchMatMul: { run: (tf, x) => tf.matMul(x(2, 2), tf.ones([2, 2]), true) },
  Cast: { run: (tf, x) => tf.cast(x(3), "float32") },
  ClipByValue: { run: (tf, x) => tf.clipByValue(x(3), -9, 9), bounded: true },
  ClipByValueGrad: {
    run: kernel("ClipByValueGrad", (x, tf) => ({ dy: x(3), x: tf.zeros([3]) }), {
      clipValueMin: -9,
      clipValueMax: 9,
    }),
  },
  Conv2D: { run: (tf, x) => tf.conv2d(x(1, 3, 3, 1) as never, tf.ones([2, 2, 1, 1]), 1, "same") },
  Conv2DBackpropFilter: {
    run: kernel("Conv2DBackpropFilter", (x, tf) => ({
      x: x(1, 2, 2, 1),
      dy: tf.ones([1, 1, 1, 1]),
    }), { filterShape: [2, 2, 1, 1], strides: 1, pad: "valid", dataFormat: "NHWC" }),
  },
  Conv2DBackpropInput: {
    run: kernel("Conv2DBackpropInput", (x, tf) => ({
      dy: x(1, 1, 1, 1),
      filter: tf.ones([2, 2, 1, 1]),
    }), { inputShape: [1, 2, 2, 1], strides: 1, pad: "valid", dataFormat: "NHWC" }),
  },
  Conv3D: {
    run: (tf, x) => tf.conv3d(x(1, 3, 3, 3, 1) as never, tf.ones([1, 1, 1, 1, 1]), 2, "same"),
  },
  Conv3DBackpropFilterV2: {
    run: kernel(
      "Conv3DBackpropFilterV2",
      (x, tf) => ({ x: x(1, 2, 2, 2, 1), dy: tf.ones([1, 1, 1, 1, 1]) }),
      { filterShape: [2, 2, 2, 1, 1], strides: 1, pad: "valid" },
    ),
  },
  Conv3DBackpropInputV2: {
    run: kernel(
      "Conv3DBackpropInputV2",
      (x, tf) => ({ dy: x(1, 1, 1, 1, 1), filter: tf.ones([2, 2, 2, 1, 1]) }),
      { inputShape: [1, 2, 2, 2, 1], strides: 1, pad: "valid" },
    ),
  },
  Cumprod: { run: (tf, x) => tf.cumprod(x(3)) },
  Cumsum: { run: (tf, x) => tf.cumsum(x(3)) },
  DepthwiseConv2dNative: {
    run: (tf, x) => tf.depthwiseConv2d(x(1, 3, 3, 1) as never, tf.ones([2, 2, 1, 1]), 1, "same"),
  },
  DepthwiseConv2dNativeBackpropFilter: {
    run: kernel("DepthwiseConv2dNativeBackpropFilter", (x, tf) => ({
      x: x(1, 2, 2, 1),
      dy: tf.ones([1, 1, 1, 1]),
    }), { filterShape: [2, 2, 1, 1], strides: 1, pad: "valid", dilations: 1 }),
  },
  DepthwiseConv2dNativeBackpropInput: {
    run: kernel("DepthwiseConv2dNativeBackpropInput", (x, tf) => ({
      dy: x(1, 1, 1, 1),
      filter: tf.ones([2, 2, 1, 1]),
    }), { inputShape: [1, 2, 2, 1], strides: 1, pad: "valid", dilations: 1 }),
  },
  Dilation2D: {
    run: kernel(
      "Dilation2D",
      (x, tf) => ({ x: x(1, 3, 3, 1), filter: tf.ones([2, 2, 1]) }),
      dilation,
    ),
  },
  Dilation2DBackpropFilter: {
    run: kernel(
      "Dilation2DBackpropFilter",
      (x, tf) => ({ x: tf.ones([1, 2, 2, 1]), filter: tf.ones([2, 2, 1]), dy: x(1, 1, 1, 1) }),
      dilation,
    ),
  },
  Dilation2DBackpropInput: {
    run: kernel(
      "Dilation2DBackpropInput",
      (x, tf) => ({ x: tf.ones([1, 2, 2, 1]), filter: tf.ones([2, 2, 1]), dy: x(1, 1, 1, 1) }),
      dilation,
    ),
  },
  Einsum: { run: (tf, x) => tf.einsum("ab,bc->ac", x(2, 2), tf.ones([2, 2])) },
  FusedBatchNorm: {
    run: kernel("FusedBatchNorm", (x, tf) => ({
      x: x(1, 2, 2, 2),
      mean: tf.ones([1, 2, 1, 1]),
      variance: tf.ones([1, 2, 1, 1]),
      scale: tf.ones([1, 2, 1, 1]),
      offset: tf.ones([1, 2, 1, 1]),
    }), { varianceEpsilon: 0.1 }),
  },
  FusedConv2D: {
    run: (tf, x) =>
      tf.fused.conv2d({
        x: x(1, 3, 3, 1) as never,
        filter: tf.ones([2, 2, 1, 1]),
        strides: 1,
        pad: "valid",
        activation: "relu",
      }),
  },
  FusedDepthwiseConv2D: {
    run: (tf, x) =>
      tf.fused.depthwiseConv2d({
        x: x(1, 3, 3, 1) as never,
        filter: tf.ones([2, 2, 1, 1]),
        strides: 1,
        pad: "valid",
        activation: "relu",
      }),
  },
  GatherV2: { run: (tf, x) => tf.gather(x(3), tf.tensor1d([0, 2], "int32")) },
  Identity: { run: (tf, x) => tf.clone(x(3)) },
  MaxPool: { run: kernel("MaxPool", (x) => ({ x: x(1, 4, 4, 1) }), pool2d) },
  MaxPool3D: { run: kernel("MaxPool3D", (x) => ({ x: x(1, 2, 2, 2, 1) }), pool3d) },
  MaxPool3DGrad: {
    run: kernel("MaxPool3DGrad", (x, tf) => ({
      dy: x(1, 1, 1, 1, 1),
      input: tf.ones([1, 2, 2, 2, 1]),
      output: tf.ones([1, 1, 1, 1, 1]),
    }), pool3d),
  },
  MaxPoolGrad: {
    run: kernel("MaxPoolGrad", (x, tf) => ({
      dy: x(1, 1, 1, 1),
      input: tf.ones([1, 2, 2, 1]),
      output: tf.ones([1, 1, 1, 1]),
    }), pool2d),
  },
  Maximum: { run: (tf, x) => tf.maximum(x(3), 0) },
  Mean: { run: (tf, x) => tf.mean(x(2, 2), 0) },
  Minimum: { run: (tf, x) => tf.minimum(x(3), 0), bounded: true },
  OneHot: { run: (tf) => tf.oneHot(tf.tensor1d([0], "int32"), 2, NaN, Infinity, "float32") },
  Prelu: { run: (tf, x) => tf.prelu(x(2, 2, 2, 1), tf.ones([2, 1, 1])) },
  ...RECURRENT_CASES,
  ResizeBilinearGrad: {
    run: kernel(
      "ResizeBilinearGrad",
      (x, tf) => ({ images: tf.ones([1, 1, 1, 1]), dy: x(1, 2, 2, 1) }),
      { alignCorners: false, halfPixelCenters: false, size: [2, 2] },
    ),
  },
  ResizeNearestNeighborGrad: {
    run: kernel(
      "ResizeNearestNeighborGrad",
      (x, tf) => ({ images: tf.ones([1, 1, 1, 1]), dy: x(1, 2, 2, 1) }),
      { alignCorners: false, halfPixelCenters: false, size: [2, 2] },
    ),
  },
  Slice: { run: (tf, x) => tf.slice(x(3, 3), [0, 0], [2, 2]) },
  Softmax: { run: (tf, x) => tf.softmax(x(2000)) },
  SoftmaxGrad: { run: kernel("SoftmaxGrad", (x, tf) => ({ dy: x(3), y: tf.ones([3]) })) },
  SplitV: { run: (tf, x) => tf.split(x(2, 4), 2, 1)[0] },
  Sum: { run: (tf, x) => tf.sum(x(2, 2), 0) },
  SelfGated: {
    run: kernel("SelfGated", (x) => ({ x: x(3) }), { gate: "normal" }),
  },
  SelfGatedGrad: {
    run: kernel("SelfGatedGrad", (x, tf) => ({ dy: x(3), x: tf.ones([3]) }), { gate: "normal" }),
  },
  Multiply: { run: (tf, x) => tf.mul(x(1, 2, 1, 2, 1, 2, 2), tf.ones([2])) },
  PadV2: { run: (tf, x) => tf.pad(x(2, 2), [[0, 1], [0, 0]]) },
  RealDiv: { run: (tf, x) => tf.div(x(1, 2, 1, 2, 1, 2, 2), tf.ones([2])) },
  SquaredDifference: { run: (tf, x) => tf.squaredDifference(x(2, 2), tf.zeros([2])) },
  Sub: { run: (tf, x) => tf.sub(x(1, 2, 1, 2, 1, 2, 2), tf.ones([2])) },
  Tanh: { run: (tf, x) => tf.tanh(x(3)), bounded: true },
  Tile: { run: (tf, x) => tf.tile(x(2, 3), [2, 2]) },
  Transpose: { run: (tf, x) => tf.transpose(x(2, 3, 2, 3, 2), [2, 0, 3, 1, 4]) },
  Unpack: { run: (tf, x) => tf.unstack(x(2, 3), 1)[0] },
  UnsortedSegmentSum: {
    run: (tf, x) => tf.unsortedSegmentSum(x(2, 2), tf.tensor1d([1, 0], "int32"), 2),
  },
  _FusedMatMul: {
    run: (tf, x) =>
      tf.fused.matMul({
        a: x(2, 2),
        b: tf.ones([2, 2]),
        transposeA: true,
        bias: tf.ones([2]),
        activation: "relu",
      }),
  },
};
