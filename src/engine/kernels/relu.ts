import { defineKernel } from "./define_kernel.ts";

/** `Relu`: the stock kernel turns NaN into 0. Here `x < 0 ? 0 : x`, which leaves NaN as it is. */
export const reluKernel = defineKernel<unknown>("Relu", (context, { x }) => {
  const output = context.backend.makeOutput(x.shape, x.dtype);
  const from = context.backend.typedArrayFromHeap(x);
  const to = context.backend.typedArrayFromHeap(output);
  for (let i = 0; i < to.length; i++) {
    const value = from[i];
    to[i] = value < 0 ? 0 : value;
  }
  return output;
});
