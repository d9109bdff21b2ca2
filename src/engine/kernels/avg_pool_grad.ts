import { defineKernel } from "./define_kernel.ts";
import { averagePoolGrad } from "./pooling.ts";
import type { PoolAttributes } from "./pool_attributes.ts";
import { geometry2d } from "./window_geometry.ts";

/**
 * `AvgPoolGrad`. The forward pass divides by the entries that a window sees; the stock gradient divides
 * by the size of the whole window, so it is too small at a border padded with `same`. Here:
 * `dx[i] += dy / entries seen`.
 */
export const avgPoolGradKernel = defineKernel<PoolAttributes>(
  "AvgPoolGrad",
  (context, { dy, input }, { filterSize, strides, pad, dimRoundingMode }) => {
    const info = context.tf.backend_util.computePool2DInfo(
      input.shape as [number, number, number, number],
      filterSize as [number, number],
      strides as [number, number],
      1,
      pad,
      dimRoundingMode,
    );
    return averagePoolGrad(context, geometry2d(info), input, dy);
  },
);
