import { defineKernel } from "./define_kernel.ts";
import { averagePoolGrad } from "./pooling.ts";
import { pool2dInfo, type PoolAttributes } from "./pool_attributes.ts";
import { geometry2d } from "./window_geometry.ts";

/**
 * `AvgPoolGrad`. The forward pass divides by the entries that a window sees; the stock gradient divides
 * by the size of the whole window, so it is too small at a border padded with `same`. Here:
 * `dx[i] += dy / entries seen`.
 */
export const avgPoolGradKernel = defineKernel<PoolAttributes>(
  "AvgPoolGrad",
  (context, { dy, input }, attributes) => {
    const info = pool2dInfo(context.tf, input.shape, attributes);
    return averagePoolGrad(context, geometry2d(info), input, dy);
  },
);
