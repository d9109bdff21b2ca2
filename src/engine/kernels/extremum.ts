import type { TensorInfo } from "@tensorflow/tfjs";
import { broadcastOffsets } from "./broadcast_offsets.ts";
import { defineKernel } from "./define_kernel.ts";
import { hasNonFinite } from "./has_non_finite.ts";
import type { KernelFactory } from "./kernel_context.ts";

/**
 * A kernel of two broadcasting inputs that gives the larger one for sign 1, the smaller one for -1, and
 * NaN where either is NaN. Inputs without NaN and infinity go to the stock kernel.
 */
export function extremum(kernelName: string, sign: 1 | -1): KernelFactory {
  return defineKernel<unknown>(kernelName, (context, { a, b }) => {
    const view = (info: TensorInfo) => context.backend.typedArrayFromHeap(info);
    if (!hasNonFinite(view(a)) && !hasNonFinite(view(b))) {
      return context.stock(kernelName, { a, b });
    }
    const shape = context.tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const output = context.backend.makeOutput(shape, a.dtype);
    const to = view(output), left = view(a), right = view(b);
    const offsetsA = broadcastOffsets(a.shape, shape), offsetsB = broadcastOffsets(b.shape, shape);
    for (let i = 0; i < to.length; i++) {
      const p = left[offsetsA[i]], q = right[offsetsB[i]];
      // Where q is NaN the comparison fails and gives it.
      to[i] = p !== p || (sign > 0 ? p >= q : p <= q) ? p : q;
    }
    return output;
  });
}
