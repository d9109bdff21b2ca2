import { defineKernel } from "./define_kernel.ts";

/** Attributes of `MirrorPad`. */
export interface MirrorPadAttributes {
  paddings: [before: number, after: number][];
  mode: "reflect" | "symmetric";
}

/**
 * `MirrorPad`. The stock kernel (and that of `cpu`) is wrong. Here entry `i` of an axis of length `n`
 * with `before` entries put in front comes from `j = i - before`, folded back at both ends:
 * `j < 0` becomes `-j - 1 + e` and `j >= n` becomes `2n - 1 - e - j`, with `e` 1 for `reflect` (the edge
 * is not repeated) and 0 for `symmetric`.
 */
export const mirrorPadKernel = defineKernel<MirrorPadAttributes>(
  "MirrorPad",
  (context, { x }, { paddings, mode }) => {
    const edge = mode === "reflect" ? 1 : 0;
    const shape = x.shape.map((n, axis) => paddings[axis][0] + n + paddings[axis][1]);
    const output = context.backend.makeOutput(shape, x.dtype);
    const from = context.backend.typedArrayFromHeap(x);
    const to = context.backend.typedArrayFromHeap(output);
    // The source offset of each index, axis by axis: they add up.
    let offsets = new Int32Array(1);
    shape.forEach((size, axis) => {
      const n = x.shape[axis], before = paddings[axis][0];
      const next = new Int32Array(offsets.length * size);
      for (let k = 0; k < offsets.length; k++) {
        for (let i = 0; i < size; i++) {
          let j = i - before;
          if (j < 0) j = -j - 1 + edge;
          else if (j >= n) j = 2 * n - 1 - edge - j;
          next[k * size + i] = offsets[k] * n + j;
        }
      }
      offsets = next;
    });
    for (let i = 0; i < to.length; i++) to[i] = from[offsets[i]];
    return output;
  },
);
