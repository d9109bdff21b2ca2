import { copyBlock } from "./copy_block.ts";
import { defineKernel } from "./define_kernel.ts";

/**
 * `SplitV`, as an LSTM takes its gates apart: stock copies the whole tensor once for each part (see
 * `Slice`). Here each part is copied once.
 */
export const splitVKernel = defineKernel<{ numOrSizeSplits: number | number[]; axis: number }>(
  "SplitV",
  (context, { x }, { numOrSizeSplits, axis }) => {
    const { util, backend_util } = context.tf;
    const [at] = util.parseAxisParam(axis, x.shape);
    const sizes = backend_util.prepareSplitSize(x as never, numOrSizeSplits, at);
    let start = 0;
    return sizes.map((size) => {
      const begin = x.shape.map((_, i) => i === at ? start : 0);
      start += size;
      return copyBlock(context, x, begin, x.shape.with(at, size));
    });
  },
);
