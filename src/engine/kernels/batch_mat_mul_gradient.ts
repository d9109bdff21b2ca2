import type { GradConfig } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import type { GradientFactory } from "./kernel_context.ts";
import { reduceLike } from "./reduce_like.ts";

/**
 * The gradient of `BatchMatMul`: that of TensorFlow.js throws when one of the batches was broadcast,
 * for it has the shape of the other. Here what broadcasting copied is added up.
 */
export const batchMatMulGradient: GradientFactory = ({ tf }) => {
  const stock = tf.getGradient("BatchMatMul") as GradConfig;
  return {
    ...stock,
    gradFunc(dy, saved, attrs) {
      const gradients = stock.gradFunc(dy, saved, attrs);
      const [a, b] = saved;
      return {
        a: () => reduceLike(tf, gradients.a() as Tensor, a.shape),
        b: () => reduceLike(tf, gradients.b() as Tensor, b.shape),
      };
    },
  };
};
