import type { TensorInfo } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import { broadcastOffsets, reduceLike } from "./broadcast.ts";
import { defineKernel } from "./define_kernel.ts";
import { hasNonFinite } from "./has_non_finite.ts";
import type {
  GradientFactory,
  KernelAttributes,
  KernelFactory,
  KernelRepair,
} from "./kernel_context.ts";

/**
 * A kernel of two broadcasting inputs that gives the larger one for sign 1, the smaller one for -1, and
 * NaN where either is NaN. Inputs without NaN and infinity go to the stock kernel.
 */
function extremum(kernelName: string, sign: 1 | -1): KernelFactory {
  return defineKernel<unknown>(kernelName, (context, { a, b }) => {
    const view = (info: TensorInfo) => context.backend.typedArrayFromHeap(info);
    if (!hasNonFinite(view(a)) && !hasNonFinite(view(b))) {
      return context.stock(kernelName, { a, b });
    }
    const shape = context.tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const output = context.backend.makeOutput(shape, a.dtype);
    const to = view(output), left = view(a), right = view(b);
    const offsetsA = broadcastOffsets(a.shape, shape), offsetsB = broadcastOffsets(b.shape, shape);
    for (let i = 0; i < to.length; i++) {
      const p = left[offsetsA[i]], q = right[offsetsB[i]];
      // Where q is NaN the comparison fails and gives it.
      to[i] = p !== p || (sign > 0 ? p >= q : p <= q) ? p : q;
    }
    return output;
  });
}

/** `Maximum`: the stock kernel gives `b` when `a` is NaN and hides it. Here NaN in either gives NaN. */
const maximumKernel = extremum("Maximum", 1);

/** `Minimum`: the stock kernel gives `b` when `a` is NaN and hides it. Here NaN in either gives NaN. */
const minimumKernel = extremum("Minimum", -1);

function pairGradient(kernelName: "Maximum" | "Minimum"): GradientFactory {
  return ({ tf }) => ({
    kernelName,
    inputsToSave: ["a", "b"],
    gradFunc(dy, saved) {
      const [a, b] = saved as Tensor[];
      const taken = () => kernelName === "Maximum" ? tf.greaterEqual(a, b) : tf.lessEqual(a, b);
      const share = (mask: Tensor, shape: number[]) =>
        reduceLike(tf, tf.mul(dy as Tensor, tf.cast(mask, "float32")), shape);
      return {
        a: () => share(taken(), a.shape),
        b: () => share(tf.logicalNot(taken()), b.shape),
      };
    },
  });
}

/**
 * The gradients of `Maximum` and `Minimum`: `dy` where an input was taken, 0 elsewhere. Those of
 * TensorFlow.js throw when an input was broadcast; these add up what broadcasting copied.
 */
const extremumGradients: GradientFactory[] = [
  pairGradient("Maximum"),
  pairGradient("Minimum"),
];

/** @param axesName What the kernel calls the axes that it reduces. */
function reducedGradient(kernelName: "Max" | "Min", axesName: string): GradientFactory {
  return ({ tf }) => ({
    kernelName,
    inputsToSave: ["x"],
    outputsToSave: [true],
    gradFunc(dy, saved, attrs) {
      const [x, y] = saved as Tensor[];
      const axes = tf.util.parseAxisParam((attrs as KernelAttributes)[axesName], x.shape);
      const kept = x.shape.map((size, axis) => axes.includes(axis) ? 1 : size);
      return {
        x: () => {
          const taken = tf.cast(tf.equal(x, tf.reshape(y, kept)), "float32");
          const share = tf.div(taken, tf.sum(taken, axes, true));
          return tf.mul(tf.reshape(dy as Tensor, kept), share);
        },
      };
    },
  });
}

/**
 * The gradients of `Max` and `Min` over axes, behind global max pooling: `dy`, shared equally by the
 * entries that are the largest (the smallest), as TensorFlow does. TensorFlow.js hands all of it to each
 * of them, which is wrong by their number: steps that are alike, as padding is, or saturated units.
 */
const reducedExtremumGradients: GradientFactory[] = [
  reducedGradient("Max", "reductionIndices"),
  reducedGradient("Min", "axis"),
];

/** What this file puts in place. */
export const repair: KernelRepair = {
  kernels: [maximumKernel, minimumKernel],
  gradients: [...extremumGradients, ...reducedExtremumGradients],
};
