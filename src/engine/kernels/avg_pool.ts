import { defineKernel } from "./define_kernel.ts";
import { hasNonFinite } from "./has_non_finite.ts";
import { averagePool } from "./pooling.ts";
import type { PoolAttributes } from "./pool_attributes.ts";
import { geometry2d } from "./window_geometry.ts";

/**
 * `AvgPool`. The stock kernel turns NaN into -Infinity. Here a window with a NaN gives NaN; input without
 * NaN and infinity still goes to the stock kernel.
 */
export const avgPoolKernel = defineKernel<PoolAttributes>("AvgPool", (context, { x }, attrs) => {
  const view = context.backend.typedArrayFromHeap(x);
  if (!hasNonFinite(view)) return context.stock("AvgPool", { x }, attrs);
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const info = context.tf.backend_util.computePool2DInfo(
    x.shape as [number, number, number, number],
    filterSize as [number, number],
    strides as [number, number],
    1,
    pad,
    dimRoundingMode,
  );
  return averagePool(context, geometry2d(info), x, info.outShape);
});
