import type { Tensor } from "../tensorflow.ts";
import { type LayerRepair, oneTensor } from "./layer_repair.ts";
import { storeSettings } from "./stored_settings.ts";

interface Rectifier {
  maxValue?: number | null;
  negativeSlope?: number;
  threshold?: number;
}

interface Exponential {
  alpha?: number;
}

/**
 * Repairs ReLU with a threshold or a slope, and ELU with an alpha other than 1. TensorFlow.js's
 * ReLU only supports a maximum, and its ELU rejects an alpha. Here such a configuration makes a
 * layer that computes what Keras does: x above the threshold, clipped at the maximum; below it, the
 * slope times x - threshold.
 */
export const repairRectifiers: LayerRepair = ({ tf, patch }) => {
  storeSettings({ tf, patch }, ["ReLU"], { negativeSlope: 0, threshold: 0 });
  patch(
    "ReLU",
    "call",
    (original) =>
      function (this: Rectifier, inputs: Tensor | Tensor[], kwargs: unknown) {
        const { maxValue, negativeSlope: slope = 0, threshold = 0 } = this;
        if (slope === 0 && threshold === 0) return original.call(this, inputs, kwargs);
        return tf.tidy(() => {
          const x = oneTensor(inputs);
          let y: Tensor = threshold === 0
            ? tf.relu(x)
            : tf.mul(x, tf.cast(tf.greater(x, threshold), "float32"));
          if (maxValue != null) y = tf.clipByValue(y, 0, maxValue);
          return slope === 0 ? y : tf.sub(y, tf.mul(tf.relu(tf.sub(threshold, x)), slope));
        });
      },
  );

  storeSettings({ tf, patch }, ["ELU"], { alpha: 1 });
  patch(
    "ELU",
    "call",
    (original) =>
      function (this: Exponential, inputs: Tensor | Tensor[], kwargs: unknown) {
        const { alpha = 1 } = this;
        if (alpha === 1) return original.call(this, inputs, kwargs);
        return tf.tidy(() => {
          const x = oneTensor(inputs);
          return tf.add(tf.relu(x), tf.mul(tf.elu(tf.minimum(x, 0)), alpha));
        });
      },
  );
};
