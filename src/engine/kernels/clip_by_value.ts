import type { TensorInfo } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import { defineKernel, defineSweepGradient } from "./define_kernel.ts";
import { hasNonFinite } from "./has_non_finite.ts";
import type { KernelRepair } from "./kernel_context.ts";

/** Attributes of `ClipByValue`. */
interface ClipByValueAttributes {
  clipValueMin: number;
  clipValueMax: number;
}

/**
 * `ClipByValue`: the stock kernel turns NaN into a bound, which hides it from a hard sigmoid and from
 * every cross-entropy, and compares whole numbers as if their bits were floats. Here NaN stays NaN and
 * whole numbers are clipped to whole numbers; floats without NaN and infinity still go to the stock
 * kernel.
 */
const clipByValueKernel = defineKernel<ClipByValueAttributes>(
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

/**
 * `ClipByValueGrad`, dy where x lies within the bounds, 0 elsewhere and NaN where x is NaN, in one
 * sweep; a kernel of this project, for `clipByValueGradient`.
 */
const clipByValueGradKernel = defineKernel<
  ClipByValueAttributes,
  { x: TensorInfo; dy: TensorInfo }
>("ClipByValueGrad", (context, { x, dy }, { clipValueMin: low, clipValueMax: high }) => {
  const { tf, backend, native, address } = context;
  const result = backend.makeOutput(x.shape, "float32");
  const count = tf.util.sizeFromShape(x.shape);
  native.clipGradient(address(x), address(dy), address(result), count, { low, high });
  return result;
});

/**
 * The gradient of `ClipByValue`, behind every hard sigmoid and with it every gate of an LSTM:
 * TensorFlow.js composes it of five kernels; here it is one.
 */
const clipByValueGradient = defineSweepGradient(
  "ClipByValue",
  "x",
  (tf, dy, x, attrs) => tf.engine().runKernel("ClipByValueGrad", { x, dy }, attrs) as Tensor,
);

/** What this file puts in place. */
export const repair: KernelRepair = {
  kernels: [clipByValueGradKernel, clipByValueKernel],
  gradients: [clipByValueGradient],
};
