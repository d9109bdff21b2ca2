import { defineKernel } from "./define_kernel.ts";
import { hasNonFinite } from "./has_non_finite.ts";
import { maxPool } from "./pooling.ts";
import { pool2dInfo, type PoolAttributes } from "./pool_attributes.ts";
import { geometry2d } from "./window_geometry.ts";

/**
 * `MaxPool`. The stock kernel passes over NaN, and gives -Infinity for a window of nothing else. Here
 * a window with a NaN gives NaN; input without NaN and infinity still goes to the stock kernel.
 */
export const maxPoolKernel = defineKernel<PoolAttributes>("MaxPool", (context, { x }, attrs) => {
  const view = context.backend.typedArrayFromHeap(x);
  if (!hasNonFinite(view)) return context.stock("MaxPool", { x }, attrs);
  const info = pool2dInfo(context.tf, x.shape, attrs);
  return maxPool(context, geometry2d(info), x, info.outShape);
});
