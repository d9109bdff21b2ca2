import { defineKernel } from "./define_kernel.ts";

/** Attributes of `Cumsum`. */
export interface CumsumAttributes {
  axis: number;
  /** Whether an entry's own value is left out of its sum. */
  exclusive: boolean;
  /** Whether sums begin at the end. */
  reverse: boolean;
}

/**
 * `Cumsum`: the stock kernel adds in float32, which puts the last of 2^20 sums of 0.1 off by 1 %, and
 * writes outside of its output where the axis is negative: the backend dies of it. Here it adds in
 * float64, along any axis.
 */
export const cumsumKernel = defineKernel<CumsumAttributes>("Cumsum", (context, { x }, attrs) => {
  const { tf, backend } = context;
  // Stock says that it cannot.
  if (x.dtype !== "float32" && x.dtype !== "int32") return context.stock("Cumsum", { x }, attrs);
  const [axis] = tf.util.parseAxisParam(attrs.axis, x.shape);
  const size = x.shape[axis];
  const width = tf.util.sizeFromShape(x.shape.slice(axis + 1));
  const blocks = tf.util.sizeFromShape(x.shape.slice(0, axis));
  const output = backend.makeOutput(x.shape, x.dtype);
  const from = backend.typedArrayFromHeap(x);
  const to = backend.typedArrayFromHeap(output);
  const sums = new Float64Array(width);
  for (let block = 0; block < blocks; block++) {
    sums.fill(0);
    for (let step = 0; step < size; step++) {
      const row = (block * size + (attrs.reverse ? size - 1 - step : step)) * width;
      for (let i = 0; i < width; i++) {
        const before = sums[i];
        sums[i] += from[row + i];
        to[row + i] = attrs.exclusive ? before : sums[i];
      }
    }
  }
  return output;
});
