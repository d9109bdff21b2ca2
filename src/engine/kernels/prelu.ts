import { broadcastOffsets } from "./broadcast_offsets.ts";
import { defineKernel } from "./define_kernel.ts";

/**
 * `Prelu`, `x > 0 ? x : alpha x`. The stock kernel reads alpha in a circle, which is right where the axes
 * that share an alpha come first, and wrong where one of them lies between others. Here alpha
 * broadcasts; the other shapes still go to the stock kernel.
 */
export const preluKernel = defineKernel<unknown>("Prelu", (context, { x, alpha }) => {
  const own = alpha.shape.findIndex((size) => size !== 1);
  const rest = alpha.shape.slice(own);
  const isSuffix = own < 0 || `${rest}` === `${x.shape.slice(x.shape.length - rest.length)}`;
  if (isSuffix) return context.stock("Prelu", { x, alpha });
  const output = context.backend.makeOutput(x.shape, "float32");
  const offsets = broadcastOffsets(alpha.shape, x.shape);
  const from = context.backend.typedArrayFromHeap(x);
  const slopes = context.backend.typedArrayFromHeap(alpha);
  const to = context.backend.typedArrayFromHeap(output);
  for (let i = 0; i < to.length; i++) {
    const value = from[i];
    to[i] = value > 0 ? value : value * slopes[offsets[i]];
  }
  return output;
});
