import { defineKernel } from "./define_kernel.ts";
import { averagePoolGrad } from "./pooling.ts";
import { pool3dInfo, type PoolAttributes } from "./pool_attributes.ts";
import { geometry3d } from "./window_geometry.ts";

/**
 * `AvgPool3DGrad`. As with the stock `AvgPoolGrad`, the border of `same` padding comes out too small.
 * Here: `dx[i] += dy / entries seen`.
 */
export const avgPool3dGradKernel = defineKernel<PoolAttributes>(
  "AvgPool3DGrad",
  (context, { dy, input }, attributes) => {
    const info = pool3dInfo(context.tf, input.shape, attributes);
    return averagePoolGrad(context, geometry3d(info), input, dy);
  },
);
