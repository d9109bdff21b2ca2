import { copyBlock } from "./copy_block.ts";
import { defineKernel } from "./define_kernel.ts";

/**
 * `Slice`: stock first copies the whole tensor off the heap, for every slice. Here only the block is
 * copied, on the heap.
 */
export const sliceKernel = defineKernel<{ begin: number | number[]; size: number | number[] }>(
  "Slice",
  (context, { x }, attributes) => {
    if (x.dtype === "string") return context.stock("Slice", { x }, attributes);
    const { slice_util } = context.tf;
    const [begin, size] = slice_util.parseSliceParams(x, attributes.begin, attributes.size);
    slice_util.assertParamsValid(x, begin, size);
    return copyBlock(context, x, begin, size);
  },
);
