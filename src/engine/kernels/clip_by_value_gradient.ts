import type { GradConfig } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import type { GradientFactory } from "./kernel_context.ts";

/**
 * The gradient of `ClipByValue`, behind every hard sigmoid and with it every gate of an LSTM:
 * TensorFlow.js composes it of five kernels; here it is one. On another backend than WASM, and for
 * other than floats, that of TensorFlow.js answers.
 */
export const clipByValueGradient: GradientFactory = ({ tf }) => {
  const stock = tf.getGradient("ClipByValue") as GradConfig;
  return {
    ...stock,
    gradFunc(dy, saved, attrs) {
      const [x] = saved;
      if (tf.getBackend() !== "wasm" || x.dtype !== "float32") {
        return stock.gradFunc(dy, saved, attrs);
      }
      return {
        x: () => tf.engine().runKernel("ClipByValueGrad", { x, dy: dy as Tensor }, attrs) as Tensor,
      };
    },
  };
};
