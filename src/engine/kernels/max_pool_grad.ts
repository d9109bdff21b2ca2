import { defineKernel } from "./define_kernel.ts";
import { maxPoolGrad } from "./pooling.ts";
import type { PoolAttributes } from "./pool_attributes.ts";
import { geometry2d } from "./window_geometry.ts";

/**
 * `MaxPoolGrad`. The stock kernel starts its search for the largest entry at 0, so a window whose
 * largest entry is 0 or less gets no gradient. Here every window hands its `dy` to its first largest
 * entry: `dx[argmax] += dy`.
 */
export const maxPoolGradKernel = defineKernel<PoolAttributes>(
  "MaxPoolGrad",
  (context, { dy, input }, { filterSize, strides, pad, dimRoundingMode }) => {
    const info = context.tf.backend_util.computePool2DInfo(
      input.shape as [number, number, number, number],
      filterSize as [number, number],
      strides as [number, number],
      1,
      pad,
      dimRoundingMode,
    );
    return maxPoolGrad(context, geometry2d(info), input, dy);
  },
);
