import { defineKernel } from "./define_kernel.ts";
import { hasNonFinite } from "./has_non_finite.ts";

/** Attributes of `ClipByValue`. */
export interface ClipByValueAttributes {
  clipValueMin: number;
  clipValueMax: number;
}

/**
 * `ClipByValue`: the stock kernel turns NaN into a bound, which hides it from a hard sigmoid and from
 * every cross-entropy, and compares whole numbers as if their bits were floats. Here NaN stays NaN and
 * whole numbers are clipped to whole numbers; floats without NaN and infinity still go to the stock
 * kernel.
 */
export const clipByValueKernel = defineKernel<ClipByValueAttributes>(
  "ClipByValue",
  (context, { x }, attrs) => {
    const isFloat = x.dtype === "float32";
    if (isFloat && !hasNonFinite(context.backend.typedArrayFromHeap(x))) {
      return context.stock("ClipByValue", { x }, attrs);
    }
    const { clipValueMin: low, clipValueMax: high } = attrs;
    const output = context.backend.makeOutput(x.shape, x.dtype);
    const from = context.backend.typedArrayFromHeap(x);
    const to = context.backend.typedArrayFromHeap(output);
    for (let i = 0; i < to.length; i++) {
      const value = from[i];
      to[i] = value < low ? low : value > high ? high : value;
    }
    return output;
  },
);
