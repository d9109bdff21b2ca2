import type { TensorInfo } from "@tensorflow/tfjs";
import { broadcastOffsets } from "./broadcast_offsets.ts";
import { defineKernel } from "./define_kernel.ts";
import type { KernelFactory } from "./kernel_context.ts";

/**
 * A kernel of two broadcasting inputs that gives the larger one for sign 1, the smaller one for -1, and
 * NaN where either is NaN.
 */
export function extremum(kernelName: string, sign: 1 | -1): KernelFactory {
  return defineKernel<unknown>(kernelName, (context, { a, b }) => {
    const shape = context.tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const output = context.backend.makeOutput(shape, a.dtype);
    const to = context.backend.typedArrayFromHeap(output);
    const entries = (info: TensorInfo) => {
      const view = context.backend.typedArrayFromHeap(info);
      if (view.length === to.length) return view;
      const offsets = broadcastOffsets(info.shape, shape);
      return Float64Array.from(offsets, (offset) => view[offset]);
    };
    const left = entries(a), right = entries(b);
    for (let i = 0; i < to.length; i++) {
      const p = left[i], q = right[i];
      // Where q is NaN the comparison fails and gives it.
      to[i] = p !== p || (sign > 0 ? p >= q : p <= q) ? p : q;
    }
    return output;
  });
}
