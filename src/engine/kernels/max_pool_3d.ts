import { defineKernel } from "./define_kernel.ts";
import { maxPool } from "./pooling.ts";
import { pool3dInfo, type PoolAttributes } from "./pool_attributes.ts";
import { geometry3d } from "./window_geometry.ts";

/**
 * `MaxPool3D`. The stock kernel starts its search at the smallest positive number, so a window of
 * negative entries gives about 0, and it passes over NaN. Here: `y = max of the window`, NaN if it has
 * one.
 */
export const maxPool3dKernel = defineKernel<PoolAttributes>(
  "MaxPool3D",
  (context, { x }, attributes) => {
    const info = pool3dInfo(context.tf, x.shape, attributes);
    return maxPool(context, geometry3d(info), x, info.outShape);
  },
);
