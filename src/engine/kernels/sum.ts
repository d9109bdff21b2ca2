import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";
import { reduceSum } from "./reduce_sum.ts";

/**
 * `Sum`, behind every loss and the gradient of every bias: stock adds in float32, and leaves in the sum
 * over no entry what the heap held. Here floats are added in float64, and no entry makes 0; whole
 * numbers, exact in stock, are stock's.
 */
export const sumKernel = defineKernel<
  { axis: number | number[]; keepDims?: boolean },
  { x: TensorInfo }
>("Sum", (context, { x }, attributes) => {
  const { tf, backend, stock } = context;
  const axes = tf.util.parseAxisParam(attributes.axis, x.shape);
  if (x.dtype === "float32") return reduceSum(context, x, axes, attributes.keepDims);
  const result = stock("Sum", { x }, attributes);
  if (tf.util.sizeFromShape(x.shape) === 0) backend.typedArrayFromHeap(result).fill(0);
  return result;
});
