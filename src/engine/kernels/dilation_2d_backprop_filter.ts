import { dilation2dGeometry, dilation2dWinners } from "./dilation_2d_geometry.ts";
import { defineKernel } from "./define_kernel.ts";

/**
 * `Dilation2DBackpropFilter`. The stock kernel starts its search at the smallest positive number, and where
 * no sum of a window is larger it picks the first. Here each `dy` goes to the filter entry whose sum is the
 * largest of its window.
 */
export const dilation2dBackpropFilterKernel = defineKernel<unknown>(
  "Dilation2DBackpropFilter",
  (context, { x, filter, dy }, attrs) => {
    const { geometry } = dilation2dGeometry(context, x, filter, attrs);
    const dw = context.backend.makeOutput(filter.shape, x.dtype);
    const { tap } = dilation2dWinners(context, geometry, x, filter);
    const gradient = context.backend.typedArrayFromHeap(dy);
    const sums = new Float64Array(filter.shape.reduce((a, b) => a * b));
    tap.forEach((winner, i) => {
      if (winner >= 0) sums[winner] += gradient[i];
    });
    context.backend.typedArrayFromHeap(dw).set(sums);
    return dw;
  },
);
