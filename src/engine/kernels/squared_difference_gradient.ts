import type { Tensor } from "../tensorflow.ts";
import type { GradientFactory } from "./kernel_context.ts";
import { reduceLike } from "./reduce_like.ts";

/**
 * The gradient of `SquaredDifference`: `2 (a - b) dy`, and its negative for `b`. That of TensorFlow.js
 * throws when an input was broadcast; this one adds up what broadcasting copied.
 */
export const squaredDifferenceGradient: GradientFactory = ({ tf }) => ({
  kernelName: "SquaredDifference",
  inputsToSave: ["a", "b"],
  gradFunc(dy, saved) {
    const [a, b] = saved as Tensor[];
    const slope = (from: Tensor, to: Tensor) =>
      tf.mul(dy as Tensor, tf.mul(2, tf.sub(from, to))) as Tensor;
    return {
      a: () => reduceLike(tf, slope(a, b), a.shape),
      b: () => reduceLike(tf, slope(b, a), b.shape),
    };
  },
});
