import type { Tensor } from "../tensorflow.ts";
import type { GradientFactory } from "./kernel_context.ts";
import { reduceLike } from "./reduce_like.ts";

function gradient(kernelName: "Maximum" | "Minimum"): GradientFactory {
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
export const extremumGradients: GradientFactory[] = [gradient("Maximum"), gradient("Minimum")];
