import type { Tensor } from "../tensorflow.ts";
import { defineKernel } from "./define_kernel.ts";
import type { GradientFactory, KernelFactory, KernelRepair } from "./kernel_context.ts";

/** Attributes of `Cumsum` and of `Cumprod`. */
interface CumulativeAttributes {
  axis: number;
  /** True to leave out an entry's own value. */
  exclusive: boolean;
  /** True to start at the end. */
  reverse: boolean;
}

/**
 * Returns an op that accumulates the entries along an axis, in float64.
 *
 * @param empty Result for no entries.
 * @param add Adds an entry to the accumulated value.
 */
function cumulative(
  kernelName: string,
  empty: number,
  add: (before: number, entry: number) => number,
): KernelFactory {
  return defineKernel<CumulativeAttributes>(kernelName, (context, { x }, attrs) => {
    const { tf, backend } = context;
    // The stock op rejects other types with an error.
    if (x.dtype !== "float32" && x.dtype !== "int32") {
      return context.stock(kernelName, { x }, attrs);
    }
    const [axis] = tf.util.parseAxisParam(attrs.axis, x.shape);
    const size = x.shape[axis];
    const width = tf.util.sizeFromShape(x.shape.slice(axis + 1));
    const blocks = tf.util.sizeFromShape(x.shape.slice(0, axis));
    const output = backend.makeOutput(x.shape, x.dtype);
    const from = backend.typedArrayFromHeap(x);
    const to = backend.typedArrayFromHeap(output);
    const totals = new Float64Array(width);
    for (let block = 0; block < blocks; block++) {
      totals.fill(empty);
      for (let step = 0; step < size; step++) {
        const row = (block * size + (attrs.reverse ? size - 1 - step : step)) * width;
        for (let i = 0; i < width; i++) {
          const before = totals[i];
          totals[i] = add(before, from[row + i]);
          to[row + i] = attrs.exclusive ? before : totals[i];
        }
      }
    }
    return output;
  });
}

/**
 * `Cumsum`: the stock op adds in float32, which puts the last of 2^20 sums of 0.1 off by 1 %; and
 * if the axis is negative, it writes outside of its output, which crashes the backend. Here it adds
 * in float64, along any axis.
 */
const cumsumKernel = cumulative("Cumsum", 0, (sum, entry) => sum + entry);

/**
 * Gradient of `Cumsum`: dy accumulated from the other end. That of TensorFlow.js is transposed
 * unless the axis is the last: it throws, or is silently wrong if the transposed shape is the same.
 */
const cumsumGradient: GradientFactory = ({ tf }) => ({
  kernelName: "Cumsum",
  gradFunc(dy, _saved, attrs) {
    const { axis, exclusive, reverse } = attrs as unknown as CumulativeAttributes;
    const { rank } = dy as Tensor;
    // The cpu backend also needs a non-negative axis.
    const from0 = axis < 0 ? axis + rank : axis;
    return { x: () => tf.cumsum(dy as Tensor, from0, exclusive, !reverse) };
  },
});

/**
 * `Cumprod`: like the stock `Cumsum`, the stock op writes outside of its output if the axis is
 * negative. Here it multiplies in float64, along any axis.
 */
const cumprodKernel = cumulative("Cumprod", 1, (product, entry) => product * entry);

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [cumprodKernel, cumsumKernel],
  gradients: [cumsumGradient],
};
