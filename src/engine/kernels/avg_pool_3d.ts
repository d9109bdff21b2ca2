import { defineKernel } from "./define_kernel.ts";
import { averagePool, hasLargeWindow } from "./pooling.ts";
import { pool3dInfo, type PoolAttributes } from "./pool_attributes.ts";
import { geometry3d, hasNegativePadding } from "./window_geometry.ts";

/**
 * `AvgPool3D`. With `same` padding and a stride larger than the window the stock kernel (and that of
 * `cpu`) may begin at the wrong place, and it adds in float32. Here windows begin where TensorFlow puts
 * them, and large ones are added up in float64; others still go to the stock kernel.
 */
export const avgPool3dKernel = defineKernel<PoolAttributes>(
  "AvgPool3D",
  (context, { x }, attrs) => {
    const info = pool3dInfo(context.tf, x.shape, attrs);
    const geometry = geometry3d(info);
    if (!hasLargeWindow(geometry) && !hasNegativePadding(info)) {
      return context.stock("AvgPool3D", { x }, attrs);
    }
    return averagePool(context, geometry, x, info.outShape);
  },
);
