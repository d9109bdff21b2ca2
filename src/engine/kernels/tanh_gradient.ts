import type { GradConfig } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import type { GradientFactory } from "./kernel_context.ts";

/**
 * The gradient of `Tanh`: TensorFlow.js composes dy (1 - y^2) of three kernels, each with a tensor of
 * its own; here it is one. On another backend than WASM that of TensorFlow.js answers.
 */
export const tanhGradient: GradientFactory = ({ tf }) => {
  const stock = tf.getGradient("Tanh") as GradConfig;
  return {
    ...stock,
    gradFunc: (dy, saved, attrs) =>
      tf.getBackend() === "wasm"
        ? {
          x: () => tf.engine().runKernel("TanhGrad", { dy: dy as Tensor, y: saved[0] }) as Tensor,
        }
        : stock.gradFunc(dy, saved, attrs),
  };
};
