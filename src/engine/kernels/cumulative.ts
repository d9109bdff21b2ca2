import { defineKernel } from "./define_kernel.ts";
import type { KernelFactory } from "./kernel_context.ts";

/** Attributes of `Cumsum` and of `Cumprod`. */
export interface CumulativeAttributes {
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
export function cumulative(
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
