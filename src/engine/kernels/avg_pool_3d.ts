import { defineKernel } from "./define_kernel.ts";
import { averagePool } from "./pooling.ts";
import type { PoolAttributes } from "./pool_attributes.ts";
import { geometry3d, hasNegativePadding } from "./window_geometry.ts";

/**
 * `AvgPool3D`. With `same` padding and a stride larger than the window the stock kernel (and that of
 * `cpu`) may begin at the wrong place. Here windows begin where TensorFlow puts them; other shapes still
 * go to the stock kernel.
 */
export const avgPool3dKernel = defineKernel<PoolAttributes>(
  "AvgPool3D",
  (context, { x }, attrs) => {
    const { filterSize, strides, pad, dimRoundingMode } = attrs;
    const info = context.tf.backend_util.computePool3DInfo(
      x.shape as [number, number, number, number, number],
      filterSize as [number, number, number],
      strides as [number, number, number],
      1,
      pad as "valid" | "same" | number,
      dimRoundingMode,
    );
    if (!hasNegativePadding(info)) return context.stock("AvgPool3D", { x }, attrs);
    return averagePool(context, geometry3d(info), x, info.outShape);
  },
);
