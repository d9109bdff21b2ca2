import type { Tensor } from "../tensorflow.ts";
import {
  amendGradient,
  defineOp,
  defineWasmGradient,
  type GradientFactory,
  type KernelAttributes,
  type KernelFactory,
  type OpRepair,
} from "./define_op.ts";
import { reduceLike } from "./element_wise.ts";

/** Attributes of `DepthToSpace`. */
interface DepthToSpaceAttributes {
  blockSize: number;
  dataFormat: "NHWC" | "NCHW";
}

/**
 * Gradient of `DepthToSpace`, the pixel shuffle at the end of super-resolution models (in a custom
 * layer): every entry of `dy` goes back to its channel. TensorFlow.js has none.
 */
const depthToSpaceGradient: GradientFactory = ({ tf }) => ({
  kernelName: "DepthToSpace",
  inputsToSave: ["x"],
  gradFunc(gradient, saved, attrs) {
    const dy = gradient as Tensor;
    const [x] = saved as Tensor[];
    const { blockSize: n, dataFormat } = attrs as unknown as DepthToSpaceAttributes;
    const [batch, a, b, c] = dy.shape;
    const [blocks, order] = dataFormat === "NHWC"
      ? [[batch, a / n, n, b / n, n, c], [0, 1, 3, 2, 4, 5]]
      : [[batch, a, b / n, n, c / n, n], [0, 3, 5, 1, 2, 4]];
    return { x: () => tf.reshape(tf.transpose(tf.reshape(dy, blocks), order), x.shape) };
  },
});

/** Attributes of `MirrorPad`. */
interface MirrorPadAttributes {
  paddings: [before: number, after: number][];
  mode: "reflect" | "symmetric";
}

/**
 * Gradient of `MirrorPad`. The stock op drops the gradient of the mirrored borders. Here, axis by
 * axis: the middle of `dy`, plus each border reversed and added to the entries that it mirrors.
 */
const mirrorPadGradient: GradientFactory = ({ tf }) => ({
  kernelName: "MirrorPad",
  inputsToSave: ["x"],
  gradFunc(dy, saved, attrs) {
    const [x] = saved as Tensor[];
    const { paddings, mode } = attrs as unknown as MirrorPadAttributes;
    const edge = mode === "reflect" ? 1 : 0;
    const fold = (gradient: Tensor, axis: number): Tensor => {
      const [before, after] = paddings[axis], n = x.shape[axis];
      const part = (start: number, size: number) =>
        tf.slice(
          gradient,
          gradient.shape.map((_, k) => k === axis ? start : 0),
          gradient.shape.map((all, k) => k === axis ? size : all),
        );
      const laid = (border: Tensor, start: number) =>
        tf.pad(
          tf.reverse(border, axis),
          border.shape.map((size, k) => k === axis ? [start, n - start - size] : [0, 0]) as [
            number,
            number,
          ][],
        );
      let sum = part(before, n);
      if (before > 0) sum = tf.add(sum, laid(part(0, before), edge));
      if (after > 0) sum = tf.add(sum, laid(part(before + n, after), n - edge - after));
      return sum;
    };
    return { x: () => paddings.reduce((gradient, _, axis) => fold(gradient, axis), dy as Tensor) };
  },
});

/** Inputs of each op whose output is boolean or integer. */
const INPUTS: Record<string, string[]> = {
  Greater: ["a", "b"],
  Less: ["a", "b"],
  LessEqual: ["a", "b"],
  Equal: ["a", "b"],
  NotEqual: ["a", "b"],
  LogicalAnd: ["a", "b"],
  LogicalOr: ["a", "b"],
  LogicalXor: ["a", "b"],
  LogicalNot: ["x"],
  Any: ["x"],
  All: ["x"],
  FloorDiv: ["a", "b"],
};

/**
 * Gradients of comparisons, logic and floored division: 0, since their output is constant almost
 * everywhere. TensorFlow.js only has that of `GreaterEqual`; without the others, a thresholded ReLU
 * or a mask after anything trainable cannot be differentiated. For `FloorDiv` it uses the gradient
 * of an ordinary division.
 */
const piecewiseConstantGradients: GradientFactory[] = Object.entries(INPUTS).map(
  ([kernelName, inputsToSave]): GradientFactory => ({ tf }) => ({
    kernelName,
    inputsToSave,
    gradFunc: (_dy, saved) =>
      Object.fromEntries(
        inputsToSave.map((name, i) => [name, () => tf.zeros((saved as Tensor[])[i].shape)]),
      ),
  }),
);

/**
 * Gradient of `SquaredDifference`: `2 (a - b) dy`, and its negative for `b`. That of TensorFlow.js
 * throws if an input was broadcast; this one sums over the copies.
 */
const squaredDifferenceGradient: GradientFactory = ({ tf }) => ({
  kernelName: "SquaredDifference",
  inputsToSave: ["a", "b"],
  gradFunc(dy, saved) {
    const [a, b] = saved as Tensor[];
    const slope = (from: Tensor, to: Tensor) =>
      tf.mul(dy as Tensor, tf.mul(2, tf.sub(from, to))) as Tensor;
    return {
      a: () => reduceLike(tf, slope(a, b), a.shape),
      b: () => reduceLike(tf, slope(b, a), b.shape),
    };
  },
});

/** Gradient of `Prod`. That of TensorFlow.js throws if an axis is negative. */
const prodGradient = amendGradient("Prod", (tf, stock) => (dy, saved, attrs) => {
  const axis = tf.util.parseAxisParam((attrs as KernelAttributes).axis, saved[0].shape);
  return stock(dy, saved, { ...attrs, axis });
});

/** Returns true if this project's ops are needed: TensorFlow.js rejects or ignores dilation. */
const isDilated = ({ dilations = 1, dataFormat }: KernelAttributes) =>
  dataFormat !== "NCHW" && [dilations].flat().some((rate) => rate !== 1);

function dilatedGradient(kernelName: string, toFilter: string, toInput: string): GradientFactory {
  return defineWasmGradient(kernelName, (tf, dy, [x, filter], attrs) => {
    if (!isDilated(attrs)) return null;
    const run = (name: string, inputs: Record<string, Tensor>, shapes: KernelAttributes) =>
      tf.engine().runKernel(name, inputs, { ...attrs, ...shapes }) as Tensor;
    return {
      x: () => run(toInput, { dy, filter }, { inputShape: x.shape }),
      filter: () => run(toFilter, { x, dy }, { filterShape: filter.shape }),
    };
  });
}

/**
 * Gradients of dilated convolutions. TensorFlow.js throws for any dilation larger than 1. The ops
 * of this project support dilation, also together with strides; on other backends, and without
 * dilation, TensorFlow.js's gradient is used.
 */
const dilatedConvolutionGradients: GradientFactory[] = [
  dilatedGradient("Conv2D", "Conv2DBackpropFilter", "Conv2DBackpropInput"),
  dilatedGradient(
    "DepthwiseConv2dNative",
    "DepthwiseConv2dNativeBackpropFilter",
    "DepthwiseConv2dNativeBackpropInput",
  ),
  dilatedGradient("Conv3D", "Conv3DBackpropFilterV2", "Conv3DBackpropInputV2"),
  // Second-order gradient. The op is linear in both inputs: for dy it is the convolution of the
  // incoming gradient, for the filter that convolution's filter gradient. TensorFlow.js ignores the
  // dilation.
  defineWasmGradient("Conv2DBackpropInput", (tf, x, [dy, filter], attrs) => {
    if (!isDilated(attrs)) return null;
    const run = (name: string, inputs: Record<string, Tensor>) =>
      tf.engine().runKernel(name, inputs, { ...attrs, filterShape: filter.shape }) as Tensor;
    return {
      dy: () => run("Conv2D", { x, filter }),
      filter: () => run("Conv2DBackpropFilter", { x, dy }),
    };
  }),
];

/** Ops and gradients that this file installs. */
export const gradientRepairsRepair: OpRepair = {
  gradients: [
    depthToSpaceGradient,
    ...dilatedConvolutionGradients,
    mirrorPadGradient,
    ...piecewiseConstantGradients,
    prodGradient,
    squaredDifferenceGradient,
  ],
};

/** Attributes of `ResizeNearestNeighbor`, of `ResizeBilinear`, and of their gradients. */
interface ResizeAttributes {
  /** True to keep the corners of the image in place. */
  alignCorners: boolean;
  /** True if coordinates refer to the centres of pixels. */
  halfPixelCenters: boolean;
}

/**
 * Returns an op that adds every entry of `dy` to the pixels that it came from, in float64, since a
 * pixel may have many copies.
 *
 * @param add Adds all of `dy` to sums with the shape of the images.
 */
function resizeGradient(
  kernelName: string,
  add: (
    sums: Float64Array,
    dy: ArrayLike<number>,
    shapes: { images: number[]; resized: number[] },
    attributes: ResizeAttributes,
  ) => void,
): KernelFactory {
  return defineOp<ResizeAttributes>(kernelName, (context, { images, dy }, attributes) => {
    const dx = context.backend.makeOutput(images.shape, "float32");
    const sums = new Float64Array(context.tf.util.sizeFromShape(images.shape));
    const gradient = context.backend.typedArrayFromHeap(dy);
    add(sums, gradient, { images: images.shape, resized: dy.shape }, attributes);
    context.backend.typedArrayFromHeap(dx).set(sums);
    return dx;
  });
}

/**
 * Returns the distance in the image of neighbouring rows (or columns) of the resized one, with the
 * forward op's own float32 arithmetic.
 */
function ratioOf(
  from: number,
  to: number,
  { alignCorners }: Pick<ResizeAttributes, "alignCorners">,
): number {
  const corners = alignCorners && to > 1 ? 1 : 0;
  return Math.fround((from - corners) / (to - corners));
}

/** Source rows (or columns) on either side of each resized one, and the distance from the first. */
interface Places {
  first: Int32Array;
  second: Int32Array;
  share: Float64Array;
}

/** Computes the places as the forward op does. */
function places(
  from: number,
  to: number,
  { alignCorners, halfPixelCenters }: ResizeAttributes,
): Places {
  const ratio = ratioOf(from, to, { alignCorners });
  const shift = halfPixelCenters && !alignCorners ? Math.fround(0.5 * ratio - 0.5) : 0;
  const place = Float32Array.from(
    { length: to },
    (_, i) => Math.min(from - 1, Math.max(0, Math.fround(i * ratio) + shift)),
  );
  const first = Int32Array.from(place, Math.floor);
  return {
    first,
    second: first.map((row) => Math.min(row + 1, from - 1)),
    share: Float64Array.from(place, (at, i) => at - first[i]),
  };
}

/**
 * `ResizeBilinearGrad`. The stock op adds in float32, which is 0.2 % off if one pixel becomes 1024
 * x 1024, and does not support `halfPixelCenters`. Here every `dy` goes to the four pixels around
 * its place, with their weights in the forward pass, and is added in float64.
 */
const resizeBilinearGradKernel = resizeGradient(
  "ResizeBilinearGrad",
  (sums, dy, { images, resized: [, outHeight, outWidth] }, attributes) => {
    const [batch, height, width, channels] = images;
    const rows = places(height, outHeight, attributes);
    const columns = places(width, outWidth, attributes);
    let i = 0;
    for (let b = 0; b < batch; b++) {
      for (let r = 0; r < outHeight; r++) {
        const top = (b * height + rows.first[r]) * width;
        const bottom = (b * height + rows.second[r]) * width;
        for (let c = 0; c < outWidth; c++) {
          const left = columns.first[c], right = columns.second[c];
          for (let k = 0; k < channels; k++) {
            const low = dy[i] * rows.share[r], high = dy[i++] - low;
            sums[(top + left) * channels + k] += high * (1 - columns.share[c]);
            sums[(top + right) * channels + k] += high * columns.share[c];
            sums[(bottom + left) * channels + k] += low * (1 - columns.share[c]);
            sums[(bottom + right) * channels + k] += low * columns.share[c];
          }
        }
      }
    }
  },
);

/** Returns, for each row (or column) of the resized image, the one that the forward op copied. */
function sources(
  from: number,
  to: number,
  { alignCorners, halfPixelCenters }: ResizeAttributes,
): Int32Array {
  const ratio = ratioOf(from, to, { alignCorners });
  return Int32Array.from({ length: to }, (_, i) => {
    const place = Math.fround(ratio * (halfPixelCenters ? i + 0.5 : i));
    return Math.min(from - 1, alignCorners ? Math.round(place) : Math.floor(place));
  });
}

/**
 * `ResizeNearestNeighborGrad`. The stock op looks for the copies of a pixel in a window around its
 * place, which is too small for some sizes with aligned corners, and that of `cpu` mixes up the
 * examples of a batch. Here every `dy` goes to the pixel that it is a copy of.
 */
const resizeNearestNeighborGradKernel = resizeGradient(
  "ResizeNearestNeighborGrad",
  (sums, dy, { images, resized: [, outHeight, outWidth] }, attributes) => {
    const [batch, height, width, channels] = images;
    const rows = sources(height, outHeight, attributes);
    const columns = sources(width, outWidth, attributes);
    let i = 0;
    for (let b = 0; b < batch; b++) {
      for (let r = 0; r < outHeight; r++) {
        const row = (b * height + rows[r]) * width;
        for (let c = 0; c < outWidth; c++) {
          const target = (row + columns[c]) * channels;
          for (let k = 0; k < channels; k++) sums[target + k] += dy[i++];
        }
      }
    }
  },
);

/** Ops and gradients that this file installs. */
export const resizeGradientsRepair: OpRepair = {
  kernels: [resizeBilinearGradKernel, resizeNearestNeighborGradKernel],
};
