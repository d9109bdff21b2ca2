import type { Tensor } from "../tensorflow.ts";
import { type LayerRepair, oneTensor } from "./layer_repair.ts";

interface AlphaDropoutLayer {
  rate: number;
  noiseShape?: number[];
}

/** Limit of a SELU for large negative inputs: `-alpha * scale`. */
const SATURATED = -1.6732632423543772 * 1.0507009873554805;

/**
 * Repairs AlphaDropout in training. Dropped entries should become `-alpha * scale`, where a SELU
 * saturates; TensorFlow.js has the wrong sign, `+alpha * scale`, so neither mean nor variance is
 * kept. Here: `a (x kept + SATURATED (1 - kept)) + b`, with a and b as in Klambauer et al. 2017. In
 * inference the layer keeps TensorFlow.js's code.
 */
export const repairAlphaDropout: LayerRepair = ({ tf, patch }) => {
  patch("AlphaDropout", "call", (original) =>
    function (
      this: AlphaDropoutLayer,
      inputs: Tensor | Tensor[],
      kwargs?: { training?: boolean },
    ) {
      const { rate } = this;
      if (!kwargs?.training || rate <= 0 || rate >= 1) return original.call(this, inputs, kwargs);
      return tf.tidy(() => {
        const x = oneTensor(inputs);
        const kept = tf.cast(
          tf.greaterEqual(tf.randomUniform(this.noiseShape ?? x.shape), rate),
          "float32",
        );
        const a = ((1 - rate) * (1 + rate * SATURATED ** 2)) ** -0.5;
        const b = -a * SATURATED * rate;
        const mixed = tf.add(tf.mul(x, kept), tf.mul(tf.sub(1, kept), SATURATED));
        return tf.add(tf.mul(mixed, a), b);
      });
    });
};
