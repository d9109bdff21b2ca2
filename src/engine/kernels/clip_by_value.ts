import { defineKernel } from "./define_kernel.ts";
import { hasNonFinite } from "./has_non_finite.ts";

/** Attributes of `ClipByValue`. */
export interface ClipByValueAttributes {
  clipValueMin: number;
  clipValueMax: number;
}

/**
 * `ClipByValue`: the stock kernel turns NaN into a bound, which hides it from a hard sigmoid and from
 * every cross-entropy. Here NaN stays NaN; input without NaN and infinity still goes to the stock kernel.
 */
export const clipByValueKernel = defineKernel<ClipByValueAttributes>(
  "ClipByValue",
  (context, { x }, attrs) => {
    if (!hasNonFinite(context.backend.typedArrayFromHeap(x))) {
      return context.stock("ClipByValue", { x }, attrs);
    }
    const { clipValueMin, clipValueMax } = attrs;
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
