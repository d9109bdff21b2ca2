import { defineKernel } from "./define_kernel.ts";

/** `Relu6`: the stock kernel turns NaN into 0. Here x is kept in [0, 6], and NaN stays NaN. */
export const relu6Kernel = defineKernel<unknown>("Relu6", (context, { x }) => {
  const output = context.backend.makeOutput(x.shape, x.dtype);
  const from = context.backend.typedArrayFromHeap(x);
  const to = context.backend.typedArrayFromHeap(output);
  for (let i = 0; i < to.length; i++) {
    const value = from[i];
    to[i] = value < 0 ? 0 : value > 6 ? 6 : value;
  }
  return output;
});
