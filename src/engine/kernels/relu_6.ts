import { defineKernel } from "./define_kernel.ts";
import { hasNonFinite } from "./has_non_finite.ts";

/**
 * `Relu6`: the stock kernel turns NaN into 0. Here x is kept in [0, 6], and NaN stays NaN; input without
 * NaN and infinity still goes to the stock kernel.
 */
export const relu6Kernel = defineKernel<unknown>("Relu6", (context, { x }) => {
  if (!hasNonFinite(context.backend.typedArrayFromHeap(x))) return context.stock("Relu6", { x });
  const output = context.backend.makeOutput(x.shape, x.dtype);
  const from = context.backend.typedArrayFromHeap(x);
  const to = context.backend.typedArrayFromHeap(output);
  for (let i = 0; i < to.length; i++) {
    const value = from[i];
    to[i] = value < 0 ? 0 : value > 6 ? 6 : value;
  }
  return output;
});
