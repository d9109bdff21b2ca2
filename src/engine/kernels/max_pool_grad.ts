import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";
import { pool2dInfo, type PoolAttributes } from "./pool_attributes.ts";
import { windowsOnHeap } from "./windows_on_heap.ts";

/**
 * `MaxPoolGrad`. The stock kernel starts its search for the largest entry at 0, so a window whose
 * largest entry is 0 or less gets no gradient. Here every window hands its `dy` to its first largest
 * entry: `dx[argmax] += dy`.
 */
export const maxPoolGradKernel = defineKernel<
  PoolAttributes,
  { dy: TensorInfo; input: TensorInfo }
>("MaxPoolGrad", (context, { dy, input }, attributes) => {
  const info = pool2dInfo(context.tf, input.shape, attributes);
  return windowsOnHeap(context, "maxPoolGradient", [input, dy], info, info.inShape);
});
