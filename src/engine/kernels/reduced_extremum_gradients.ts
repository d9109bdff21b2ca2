import type { Tensor } from "../tensorflow.ts";
import type { GradientFactory, KernelAttributes } from "./kernel_context.ts";

/** @param axesName What the kernel calls the axes that it reduces. */
function gradient(kernelName: "Max" | "Min", axesName: string): GradientFactory {
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
export const reducedExtremumGradients: GradientFactory[] = [
  gradient("Max", "reductionIndices"),
  gradient("Min", "axis"),
];
