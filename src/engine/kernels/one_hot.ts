import type { DataType } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";
import type { KernelRepair } from "./kernel_context.ts";

/** Attributes of `OneHot`. */
export interface OneHotAttributes {
  depth: number;
  onValue: number;
  offValue: number;
  dtype: DataType;
}

/**
 * `OneHot`. The stock op writes 32-bit integers for any requested type: nonsense as `float32`, and
 * past the end of its buffer as `bool`. Here entries have the requested type; an index outside `[0,
 * depth)` gives a row of `offValue`.
 */
const oneHotKernel = defineKernel<OneHotAttributes>(
  "OneHot",
  (context, { indices }, { depth, onValue, offValue, dtype }) => {
    const output = context.backend.makeOutput([...indices.shape, depth], dtype);
    const from = context.backend.typedArrayFromHeap(indices);
    const to = context.backend.typedArrayFromHeap(output);
    to.fill(offValue);
    from.forEach((index, row) => {
      if (index >= 0 && index < depth) to[row * depth + index] = onValue;
    });
    return output;
  },
);

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [oneHotKernel],
};
