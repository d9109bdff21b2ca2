import type { Tensor } from "../tensorflow.ts";
import type { GradientFactory } from "./kernel_context.ts";
import { reduceLike } from "./reduce_like.ts";

/**
 * The gradient of `FusedBatchNorm`, with `r = 1 / sqrt(variance + epsilon)`: for x `dy scale r`, for the
 * mean `-dy scale r`, for the variance `-1/2 dy scale (x - mean) r^3`, for the scale
 * `dy (x - mean) r`, for the offset `dy`, each added up over what broadcasting copied. That of
 * TensorFlow.js adds up along the last axis only and throws for any other.
 */
export const fusedBatchNormGradient: GradientFactory = ({ tf }) => ({
  kernelName: "FusedBatchNorm",
  // TensorFlow.js's tape has no place for a missing scale or offset: the layers always give them.
  inputsToSave: ["x", "mean", "variance", "scale", "offset"],
  gradFunc(gradient, saved, attrs) {
    const dy = gradient as Tensor;
    const [x, mean, variance, scale, offset] = saved as Tensor[];
    const { varianceEpsilon } = attrs as unknown as { varianceEpsilon: number };
    const r = tf.rsqrt(tf.add(variance, varianceEpsilon)) as Tensor;
    const slope = () => tf.mul(dy, tf.mul(scale, r)) as Tensor;
    const centred = () => tf.sub(x, mean) as Tensor;
    return {
      x: slope,
      mean: () => reduceLike(tf, tf.neg(slope()), mean.shape),
      variance: () => {
        const whole = tf.mul(tf.mul(slope(), centred()), tf.square(r));
        return reduceLike(tf, tf.mul(-0.5, whole), variance.shape);
      },
      scale: () => reduceLike(tf, tf.mul(tf.mul(dy, centred()), r), scale.shape),
      offset: () => reduceLike(tf, tf.clone(dy), offset.shape),
    };
  },
});
