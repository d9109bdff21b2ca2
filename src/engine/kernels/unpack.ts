import type { TensorInfo } from "@tensorflow/tfjs";
import { copyBlock } from "./copy_block.ts";
import { defineKernel } from "./define_kernel.ts";

/**
 * `Unpack`, as a recurrent layer takes its steps apart: stock copies the whole tensor once for each
 * part (see `Slice`), which is the square of the steps. Here each part is copied once.
 */
export const unpackKernel = defineKernel<{ axis: number }, { value: TensorInfo }>(
  "Unpack",
  (context, { value }, { axis }) => {
    const { shape } = value;
    const at = axis < 0 ? axis + shape.length : axis;
    return Array.from(
      { length: shape[at] },
      (_, part) =>
        copyBlock(
          context,
          value,
          shape.map((_, i) => i === at ? part : 0),
          shape.map((size, i) => i === at ? 1 : size),
          shape.toSpliced(at, 1),
        ),
    );
  },
);
