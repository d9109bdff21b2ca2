import type { Tensor } from "../tensorflow.ts";
import { defineKernel } from "./define_kernel.ts";
import type { GradientFactory, KernelFactory, KernelRepair } from "./kernel_context.ts";

/** Attributes of `Cumsum` and of `Cumprod`. */
interface CumulativeAttributes {
  axis: number;
  /** Whether an entry's own value is left out. */
  exclusive: boolean;
  /** Whether to begin at the end. */
  reverse: boolean;
}

/**
 * A kernel that gives, for each entry, what all entries up to it along an axis come to, in float64.
 *
 * @param empty What no entry comes to.
 * @param add What comes of what there was and one entry more.
 */
function cumulative(
  kernelName: string,
  empty: number,
  add: (before: number, entry: number) => number,
): KernelFactory {
  return defineKernel<CumulativeAttributes>(kernelName, (context, { x }, attrs) => {
    const { tf, backend } = context;
    // Stock says that it cannot.
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
 * `Cumsum`: the stock kernel adds in float32, which puts the last of 2^20 sums of 0.1 off by 1 %, and
 * writes outside of its output where the axis is negative: the backend dies of it. Here it adds in
 * float64, along any axis.
 */
const cumsumKernel = cumulative("Cumsum", 0, (sum, entry) => sum + entry);

/**
 * The gradient of `Cumsum`: dy added up from the other end. That of TensorFlow.js is transposed unless
 * the axis is the last: it throws, or is silently wrong where the transposed shape is the same.
 */
const cumsumGradient: GradientFactory = ({ tf }) => ({
  kernelName: "Cumsum",
  gradFunc(dy, _saved, attrs) {
    const { axis, exclusive, reverse } = attrs as unknown as CumulativeAttributes;
    const { rank } = dy as Tensor;
    // The cpu backend wants its axis from 0, too.
    const from0 = axis < 0 ? axis + rank : axis;
    return { x: () => tf.cumsum(dy as Tensor, from0, exclusive, !reverse) };
  },
});

/**
 * `Cumprod`: like the stock `Cumsum` this one writes outside of its output where the axis is negative.
 * Here it multiplies in float64, along any axis.
 */
const cumprodKernel = cumulative("Cumprod", 1, (product, entry) => product * entry);

/** What this file puts in place. */
export const repair: KernelRepair = {
  kernels: [cumprodKernel, cumsumKernel],
  gradients: [cumsumGradient],
};
