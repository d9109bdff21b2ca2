import { defineKernel } from "./define_kernel.ts";
import { maxPoolGrad } from "./pooling.ts";
import { pool3dInfo, type PoolAttributes } from "./pool_attributes.ts";
import { geometry3d } from "./window_geometry.ts";

/**
 * `MaxPool3DGrad`. Like the stock `MaxPoolGrad` this one loses windows whose largest entry is 0 or less;
 * with a stride larger than the window it may begin at the wrong place, too. Here: `dx[argmax] += dy`.
 */
export const maxPool3dGradKernel = defineKernel<PoolAttributes>(
  "MaxPool3DGrad",
  (context, { dy, input }, attributes) => {
    const info = pool3dInfo(context.tf, input.shape, attributes);
    return maxPoolGrad(context, geometry3d(info), input, dy);
  },
);
