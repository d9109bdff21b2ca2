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
 * `ClipByValue`: the stock op turns NaN into a bound, which hides it from a hard sigmoid and from
 * every cross-entropy, and compares integers as if their bits were floats. Here NaN stays NaN and
 * integers are clipped to integers; finite floats still go to the stock op.
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
 * `ClipByValueGrad`: dy if x is within the bounds, NaN if x is NaN, otherwise 0, in one sweep; an
 * op of this project, for `clipByValueGradient`.
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
 * Gradient of `ClipByValue`, used by every hard sigmoid and so by every gate of an LSTM.
 * TensorFlow.js composes it of five ops; here it is one.
 */
const clipByValueGradient = defineSweepGradient(
  "ClipByValue",
  "x",
  (tf, dy, x, attrs) => tf.engine().runKernel("ClipByValueGrad", { x, dy }, attrs) as Tensor,
);

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [clipByValueGradKernel, clipByValueKernel],
  gradients: [clipByValueGradient],
};
