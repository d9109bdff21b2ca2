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
 * Returns a broadcasting op of two inputs that gives the larger one for sign 1, the smaller one for
 * -1, and NaN if either is NaN. Finite inputs go to the stock op.
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
      // If q is NaN, the comparison fails and q is taken.
      to[i] = p !== p || (sign > 0 ? p >= q : p <= q) ? p : q;
    }
    return output;
  });
}

/**
 * `Maximum`: the stock op returns `b` if `a` is NaN, which hides it. Here NaN in either gives NaN.
 */
const maximumKernel = extremum("Maximum", 1);

/**
 * `Minimum`: the stock op returns `b` if `a` is NaN, which hides it. Here NaN in either gives NaN.
 */
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
 * Gradients of `Maximum` and `Minimum`: `dy` for the input that was taken, otherwise 0. Those of
 * TensorFlow.js throw if an input was broadcast; these sum over the copies.
 */
const extremumGradients: GradientFactory[] = [
  pairGradient("Maximum"),
  pairGradient("Minimum"),
];

/** @param axesName The op's name for its reduced axes. */
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
 * Gradients of `Max` and `Min` over axes, used by global max pooling: `dy` divided equally among
 * the largest (smallest) entries, as in TensorFlow. TensorFlow.js gives each of them all of it,
 * which is wrong by their number for equal steps, such as padding or saturated units.
 */
const reducedExtremumGradients: GradientFactory[] = [
  reducedGradient("Max", "reductionIndices"),
  reducedGradient("Min", "axis"),
];

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [maximumKernel, minimumKernel],
  gradients: [...extremumGradients, ...reducedExtremumGradients],
};
