import { defineKernel } from "./define_kernel.ts";
import { averagePoolGrad } from "./pooling.ts";
import type { PoolAttributes } from "./pool_attributes.ts";
import { geometry3d } from "./window_geometry.ts";

/**
 * `AvgPool3DGrad`. As with the stock `AvgPoolGrad`, the border of `same` padding comes out too small.
 * Here: `dx[i] += dy / entries seen`.
 */
export const avgPool3dGradKernel = defineKernel<PoolAttributes>(
  "AvgPool3DGrad",
  (context, { dy, input }, { filterSize, strides, pad, dimRoundingMode }) => {
    const info = context.tf.backend_util.computePool3DInfo(
      input.shape as [number, number, number, number, number],
      filterSize as [number, number, number],
      strides as [number, number, number],
      1,
      pad as "valid" | "same" | number,
      dimRoundingMode,
    );
    return averagePoolGrad(context, geometry3d(info), input, dy);
  },
);
