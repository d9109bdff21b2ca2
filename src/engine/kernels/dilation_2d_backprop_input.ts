import { dilation2dGeometry, dilation2dWinners } from "./dilation_2d_geometry.ts";
import { defineKernel } from "./define_kernel.ts";

/**
 * `Dilation2DBackpropInput`. The stock kernel starts its search at the smallest positive number, and where
 * no sum of a window is larger it picks the first. Here each `dy` goes to the input entry whose sum is the
 * largest of its window.
 */
export const dilation2dBackpropInputKernel = defineKernel<unknown>(
  "Dilation2DBackpropInput",
  (context, { x, filter, dy }, attrs) => {
    const { geometry } = dilation2dGeometry(context, x, filter, attrs);
    const dx = context.backend.makeOutput(x.shape, x.dtype);
    const { input } = dilation2dWinners(context, geometry, x, filter);
    const gradient = context.backend.typedArrayFromHeap(dy);
    const to = context.backend.typedArrayFromHeap(dx);
    to.fill(0);
    input.forEach((winner, i) => {
      if (winner >= 0) to[winner] += gradient[i];
    });
    return dx;
  },
);
