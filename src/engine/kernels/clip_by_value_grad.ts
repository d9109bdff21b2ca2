import type { TensorInfo } from "@tensorflow/tfjs";
import type { ClipByValueAttributes } from "./clip_by_value.ts";
import { defineKernel } from "./define_kernel.ts";

/**
 * `ClipByValueGrad`, dy where x lies within the bounds, 0 elsewhere and NaN where x is NaN, in one
 * sweep; a kernel of this project, for `clipByValueGradient`.
 */
export const clipByValueGradKernel = defineKernel<
  ClipByValueAttributes,
  { x: TensorInfo; dy: TensorInfo }
>("ClipByValueGrad", (context, { x, dy }, { clipValueMin: low, clipValueMax: high }) => {
  const { tf, backend, native, address } = context;
  const result = backend.makeOutput(x.shape, "float32");
  const count = tf.util.sizeFromShape(x.shape);
  native.clipGradient(address(x), address(dy), address(result), count, { low, high });
  return result;
});
