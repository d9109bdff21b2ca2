import { dilation2dGeometry, dilation2dWinners } from "./dilation_2d_geometry.ts";
import { defineKernel } from "./define_kernel.ts";

/**
 * `Dilation2D`, the largest of `x + filter` over each window. The stock kernel starts its search at the
 * smallest positive number and gives that for a window whose sums are all 0 or less. Here NaN is larger
 * than any number.
 */
export const dilation2dKernel = defineKernel<unknown>(
  "Dilation2D",
  (context, { x, filter }, attrs) => {
    const { geometry, shape } = dilation2dGeometry(context, x, filter, attrs);
    const output = context.backend.makeOutput(shape, x.dtype);
    const { largest } = dilation2dWinners(context, geometry, x, filter);
    context.backend.typedArrayFromHeap(output).set(largest);
    return output;
  },
);
