import { defineKernel } from "./define_kernel.ts";

/** Attributes of `ClipByValue`. */
export interface ClipByValueAttributes {
  clipValueMin: number;
  clipValueMax: number;
}

/**
 * `ClipByValue`: the stock kernel turns NaN into a bound, which hides it from a hard sigmoid and from
 * every cross-entropy. Here NaN stays NaN.
 */
export const clipByValueKernel = defineKernel<ClipByValueAttributes>(
  "ClipByValue",
  (context, { x }, { clipValueMin, clipValueMax }) => {
    const output = context.backend.makeOutput(x.shape, x.dtype);
    const from = context.backend.typedArrayFromHeap(x);
    const to = context.backend.typedArrayFromHeap(output);
    for (let i = 0; i < to.length; i++) {
      const value = from[i];
      to[i] = value < clipValueMin ? clipValueMin : value > clipValueMax ? clipValueMax : value;
    }
    return output;
  },
);
