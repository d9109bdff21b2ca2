import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { at, map, type NdArray, ndArray, reduce, resize } from "../../conformance/reference/mod.ts";
import type { Row } from "../../conformance/row.ts";
import { convolutionRow } from "../../conformance/rows/convolutions.ts";
import { preluRow } from "../../conformance/rows/core.ts";
import { dilationRow, mirrorPadRow } from "../../conformance/rows/image_operations.ts";
import { oneHotRow } from "../../conformance/rows/indexed_operations.ts";
import { batchNormRow, binaryRow, castRow } from "../../conformance/rows/operations.ts";
import { poolingRow } from "../../conformance/rows/pooling.ts";

/** Results of a function for these numbers, which include NaN. */
const values = (
  name: string,
  x: number[],
  call: (tf: TensorFlow, x: Tensor) => Tensor,
  expected: number[],
  shape = [x.length],
): Row => ({
  subject: name,
  options: "NaN",
  inputs: [{ shape, values: x }],
  call: (tf, _layer, [tensor]) => call(tf, tensor),
  reference: (): NdArray => ndArray([expected.length], expected),
  discrete: true,
});

const IMAGE = [1, 2, NaN, 4];
const EXTENT = { batch: 2, space: [4, 3], channels: 2 };
/** A window of 2 that moves by 3 ends before the input does. */
const LONG = { batch: 2, space: [6], channels: 2 };
const SHORT = { batch: 1, space: [3, 3, 3], channels: 1 };
const mask = (f: (tf: TensorFlow, x: Tensor) => Tensor): Row => ({
  subject: "mask",
  options: "of a differentiated tensor",
  inputs: [{ shape: [2, 3], draw: "positive" }],
  call: (tf, _layer, [x]) => tf.mul(x, tf.cast(f(tf, x), "float32")),
  reference: ([x]) => x,
});

const onePart = (f: (tf: TensorFlow, x: Tensor) => Tensor): Row => ({
  subject: "one part",
  options: "of a tensor that is not divided",
  inputs: [{ shape: [1, 6] }],
  call: (tf, _layer, [x]) => f(tf, x),
  reference: ([x]) => x,
});

/** An extremum along the middle axis that two entries have, since each is there twice. */
const tie = (
  f: (tf: TensorFlow, x: Tensor) => Tensor,
  extremum: (a: number, b: number) => number,
): Row => ({
  subject: "extremum",
  options: "of equals",
  inputs: [{ shape: [2, 3, 4] }],
  call: (tf, _layer, [x]) => f(tf, tf.concat([x, x], 1)),
  reference: ([x]) => reduce(x, [1], false, (entries) => entries.reduce(extremum)),
});

/** Window of sums -4, -3, -2 and -1, the last of which takes the gradient. */
const dilationBackprop = (of: "Input" | "Filter", expected: number[], shape: number[]): Row => ({
  subject: `Dilation2DBackprop${of}`,
  options: "negative sums",
  inputs: [{ shape: [1, 2, 2, 1], values: [-4, -3, -2, -1] }],
  call: (tf, _layer, [x]) =>
    tf.engine().runKernel(
      `Dilation2DBackprop${of}`,
      { x, filter: tf.zeros([2, 2, 1]), dy: tf.ones([1, 1, 1, 1]) },
      { strides: [1, 1], pad: "valid", dilations: [1, 1] },
    ) as Tensor,
  reference: () => ndArray(shape, expected),
  discrete: true,
});

/** For every kernel and gradient that is repaired: a case that stock TensorFlow.js fails. */
export const CASES: Record<string, Row> = {
  AvgPool: values(
    "AvgPool",
    IMAGE,
    (tf, x) =>
      tf.reshape(tf.avgPool(tf.reshape(x, [1, 1, 4, 1]) as never, [1, 2], 2, "valid"), [2]),
    [1.5, NaN],
  ),
  AvgPool3D: poolingRow(
    "average",
    3,
    { poolSize: 1, strides: 4, padding: "same" },
    undefined,
    SHORT,
  ),
  AvgPool3DGrad: poolingRow("average", 3, { poolSize: 2, strides: 1, padding: "same" }),
  AvgPoolGrad: poolingRow("average", 2, { poolSize: 2, strides: 1, padding: "same" }),
  Cast: castRow([0.5, 256, 0]),
  ClipByValue: values("ClipByValue", [NaN, 2], (tf, x) => tf.clipByValue(x, 0, 1), [NaN, 1]),
  Conv2D: convolutionRow("conv1d", { kernelSize: 2, strides: 3, padding: "same" }, LONG),
  Conv3D: convolutionRow("conv3d", { kernelSize: 1, strides: 4, padding: "same" }, SHORT),
  Conv3DBackpropFilterV2: convolutionRow("conv3d", { kernelSize: 2, strides: 2 }),
  Conv3DBackpropInputV2: convolutionRow("conv3d", { kernelSize: 2 }),
  DepthwiseConv2dNative: convolutionRow(
    "depthwiseConv2d",
    { kernelSize: 2, strides: 3, padding: "same" },
    { ...LONG, space: [3, 6] },
  ),
  Dilation2D: dilationRow(
    { window: [2, 2], strides: [1, 1], dilations: [1, 1], pad: "valid" },
    EXTENT,
  ),
  Dilation2DBackpropFilter: dilationBackprop("Filter", [0, 0, 0, 1], [2, 2, 1]),
  Dilation2DBackpropInput: dilationBackprop("Input", [0, 0, 0, 1], [1, 2, 2, 1]),
  FusedConv2D: values(
    "FusedConv2D",
    [NaN, -1],
    (tf, x) =>
      tf.reshape(
        tf.fused.conv2d({
          x: tf.reshape(x, [1, 1, 2, 1]) as never,
          filter: tf.ones([1, 1, 1, 1]),
          strides: 1,
          pad: "valid",
          activation: "relu",
        }),
        [2],
      ),
    [NaN, 0],
  ),
  FusedDepthwiseConv2D: values(
    "FusedDepthwiseConv2D",
    [NaN, -1],
    (tf, x) =>
      tf.reshape(
        tf.fused.depthwiseConv2d({
          x: tf.reshape(x, [1, 1, 2, 1]) as never,
          filter: tf.ones([1, 1, 1, 1]),
          strides: 1,
          pad: "valid",
          activation: "relu6",
        }),
        [2],
      ),
    [NaN, 0],
  ),
  FusedBatchNorm: batchNormRow([2, 3, 4], [1]),
  MaxPool: values(
    "MaxPool",
    [NaN, NaN, 1, 2],
    (tf, x) =>
      tf.reshape(tf.maxPool(tf.reshape(x, [1, 1, 4, 1]) as never, [1, 2], 2, "valid"), [2]),
    [NaN, 2],
  ),
  MaxPool3D: poolingRow("max", 3, { poolSize: 2 }, "negative"),
  MaxPool3DGrad: poolingRow("max", 3, { poolSize: 2, strides: 1 }, "negative"),
  MaxPoolGrad: poolingRow("max", 2, { poolSize: 2 }, "negative"),
  Maximum: values("Maximum", [NaN, 2], (tf, x) => tf.maximum(0, x), [NaN, 2]),
  Minimum: values("Minimum", [NaN, 2], (tf, x) => tf.minimum(0, x), [NaN, 0]),
  OneHot: oneHotRow([0, 2, 5], 3, "float32"),
  Prelu: preluRow([2], [2, 2, 3, 2]),
  // The sign bit of Infinity - Infinity is set.
  Relu: values(
    "Relu",
    [Infinity, 8, -1],
    (tf, x) => tf.relu(tf.sub(x, tf.tensor1d([Infinity, 0, 0]))),
    [NaN, 8, 0],
  ),
  Relu6: values("Relu6", [NaN, 8, -1], (tf, x) => tf.relu6(x), [NaN, 6, 0]),

  ResizeNearestNeighborGrad: {
    subject: "ResizeNearestNeighborGrad",
    options: "aligned corners",
    inputs: [{ shape: [1, 1, 1, 1] }],
    call: (tf, _layer, [x]) => tf.image.resizeNearestNeighbor(x as never, [1, 2], true) as Tensor,
    reference: ([x]) => resize(x, { size: [1, 2], method: "nearest", alignCorners: true }),
  },

  "gradient of Any": mask((tf, x) => tf.any(tf.greater(x, 0), 1, true)),
  "gradient of All": mask((tf, x) => tf.all(tf.greater(x, 0), 1, true)),
  "gradient of Equal": mask((tf, x) => tf.equal(x, x)),
  "gradient of Greater": mask((tf, x) => tf.greater(x, 0)),
  "gradient of Less": mask((tf, x) => tf.less(0, x)),
  "gradient of LessEqual": mask((tf, x) => tf.lessEqual(0, x)),
  "gradient of NotEqual": mask((tf, x) => tf.notEqual(x, 0)),
  "gradient of LogicalAnd": mask((tf, x) => tf.logicalAnd(tf.greater(x, 0), tf.greater(x, 0))),
  "gradient of LogicalNot": mask((tf, x) => tf.logicalNot(tf.less(x, 0))),
  "gradient of LogicalOr": mask((tf, x) => tf.logicalOr(tf.greater(x, 0), tf.less(x, 0))),
  "gradient of LogicalXor": mask((tf, x) => tf.logicalXor(tf.greater(x, 0), tf.less(x, 0))),
  "gradient of Conv2D": convolutionRow("conv1d", { kernelSize: 2, dilationRate: 2 }),
  "gradient of Conv3D": convolutionRow("conv3d", { kernelSize: 2, dilationRate: 2 }),
  "gradient of Conv3DBackpropInputV2": convolutionRow("conv3dTranspose", { kernelSize: 2 }),
  "gradient of DepthwiseConv2dNative": {
    ...convolutionRow("depthwiseConv2d", { kernelSize: 2, dilationRate: 2, useBias: false }),
    options: "dilated, without the layer",
    create: undefined,
    inputs: [{ shape: [2, 6, 5, 2] }, { shape: [2, 2, 2, 1] }],
    call: (tf, _layer, [x, w]) =>
      tf.depthwiseConv2d(x as never, w as never, 1, "valid", "NHWC", 2) as Tensor,
    reference: (inputs) =>
      convolutionRow("depthwiseConv2d", { kernelSize: 2, dilationRate: 2, useBias: false })
        .reference([inputs[0]], [inputs[1]], [], []),
  },
  "gradient of DepthToSpace": {
    subject: "DepthToSpace",
    options: "blocks of 2",
    inputs: [{ shape: [2, 3, 2, 8] }],
    call: (tf, _layer, [x]) => tf.depthToSpace(x as never, 2) as Tensor,
    reference: ([x]) =>
      ndArray(
        [2, 6, 4, 2],
        ([b, row, column, c]) =>
          at(x, b, row >> 1, column >> 1, ((row & 1) * 2 + (column & 1)) * 2 + c),
      ),
  },
  "gradient of FloorDiv": {
    subject: "FloorDiv",
    options: "beside a term with a gradient",
    inputs: [{ shape: [2, 3], draw: "positive" }],
    call: (tf, _layer, [x]) => tf.add(x, tf.floorDiv(x, 0.7)),
    reference: ([x]) => map(x, (value) => value + Math.floor(value / 0.7)),
  },
  "gradient of FusedBatchNorm": batchNormRow([2, 3, 4, 2], [2]),
  "gradient of Maximum": binaryRow("maximum", [3, 1], [1, 4]),
  "gradient of Minimum": binaryRow("minimum", [3, 1], [3, 4]),
  "gradient of Max": tie((tf, x) => tf.max(x, 1), (a, b) => Math.max(a, b)),
  "gradient of Min": tie((tf, x) => tf.min(x, -2), (a, b) => Math.min(a, b)),
  "gradient of MirrorPad": mirrorPadRow([4], [[2, 1]], "symmetric"),
  "gradient of Prod": {
    subject: "Prod",
    options: "axes from the end",
    inputs: [{ shape: [2, 3, 2] }],
    call: (tf, _layer, [x]) => tf.prod(x, [-1, 1]),
    reference: ([x]) =>
      ndArray([2], ([i]) =>
        Array.from({ length: 6 }, (_, k) => k)
          .reduce((product, k) => product * at(x, i, k >> 1, k & 1), 1)),
  },
  "gradient of SplitV": onePart((tf, x) => tf.split(x, 1, 1)[0]),
  "gradient of SquaredDifference": binaryRow("squaredDifference", [3, 1], [1, 4]),
  "gradient of Unpack": onePart((tf, x) => tf.expandDims(tf.unstack(tf.reshape(x, [1, 6]))[0], 0)),
};
