import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";
import { reduceSum } from "./reduce_sum.ts";

/**
 * `Mean`, behind global average pooling, normalisation and every mean loss: stock adds in float32, and
 * leaves in the mean over no entry what the heap held. Here it adds in float64, and no entry makes NaN.
 */
export const meanKernel = defineKernel<
  { axis: number | number[]; keepDims?: boolean },
  { x: TensorInfo }
>("Mean", (context, { x }, attributes) => {
  const { tf, run, dispose } = context;
  const axes = tf.util.parseAxisParam(attributes.axis, x.shape);
  const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
  if (x.dtype === "float32") return reduceSum(context, x, axes, attributes.keepDims, count);
  const floats = run("Cast", { x }, { dtype: "float32" });
  const result = reduceSum(context, floats, axes, attributes.keepDims, count);
  dispose(floats);
  return result;
});
