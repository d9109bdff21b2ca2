import type { SelfGate } from "../native/operations.ts";
import type { Tensor } from "../tensorflow.ts";
import { hasKernel, type LayerRepair, oneTensor, storeSettings } from "./layer_repair.ts";

interface Rectifier {
  maxValue?: number | null;
  negativeSlope?: number;
  threshold?: number;
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
      function (this: { alpha?: number }, inputs: Tensor | Tensor[], kwargs: unknown) {
        const { alpha = 1 } = this;
        if (alpha === 1) return original.call(this, inputs, kwargs);
        return tf.tidy(() => {
          const x = oneTensor(inputs);
          return tf.add(tf.relu(x), tf.mul(tf.elu(tf.minimum(x, 0)), alpha));
        });
      },
  );
};

/** Activations that are x times a gate of itself, by their names in TensorFlow.js. */
const GATES: Record<string, SelfGate> = {
  gelu: "normal",
  gelu_new: "normalByTanh",
  swish: "sigmoid",
};

/**
 * Computes gelu, gelu_new and swish as one op in each direction, accurate for small values too.
 * Other backends, and a swish with a slope other than 1, use
 * TensorFlow.js's code.
 */
export const repairSelfGates: LayerRepair = ({ tf, patch }) => {
  for (const [name, gate] of Object.entries(GATES)) {
    patch(
      name,
      "apply",
      (original) =>
        function (this: object, x: Tensor, alpha = 1) {
          const isOurs = x.dtype === "float32" && alpha === 1 &&
            hasKernel(tf, "SelfGated");
          if (!isOurs) return original.call(this, x, alpha);
          return tf.engine().runKernel("SelfGated", { x }, { gate }) as Tensor;
        },
    );
  }
};

/**
 * Repairs Softmax over an axis other than the last: TensorFlow.js throws, though the layer's
 * default axis is 1. Here that axis is swapped with the last one for the operation. The last axis,
 * and several at once, keep TensorFlow.js's code.
 */
export const repairSoftmax: LayerRepair = ({ tf, patch }) => {
  patch(
    "Softmax",
    "call",
    (original) =>
      function (
        this: { axis: number | number[] },
        inputs: Tensor | Tensor[],
        kwargs?: { mask?: Tensor | null },
      ) {
        let x = oneTensor(inputs);
        const axes = [this.axis].flat().map((axis) => axis < 0 ? axis + x.rank : axis);
        if (axes.length > 1 || axes[0] === x.rank - 1) return original.call(this, inputs, kwargs);
        return tf.tidy(() => {
          // Masks as TensorFlow.js does: masked entries get almost no weight.
          const mask = kwargs?.mask;
          if (mask != null) x = tf.add(x, tf.mul(tf.sub(1, tf.cast(mask, "float32")), -1e9));
          const order = x.shape.map((_, axis) => axis);
          [order[axes[0]], order[x.rank - 1]] = [order[x.rank - 1], order[axes[0]]];
          return tf.transpose(tf.softmax(tf.transpose(x, order)), order);
        });
      },
  );
};

/** Limit of a SELU for large negative inputs: `-alpha * scale`. */
const SATURATED = -1.6732632423543772 * 1.0507009873554805;

/**
 * Repairs AlphaDropout in training. Dropped entries should become `-alpha * scale`, where a SELU
 * saturates; TensorFlow.js has the wrong sign, `+alpha * scale`, so neither mean nor variance is
 * kept. Here: `a (x kept + SATURATED (1 - kept)) + b`, with a and b as in Klambauer et al. 2017. In
 * inference the layer keeps TensorFlow.js's code.
 */
export const repairAlphaDropout: LayerRepair = ({ tf, patch }) => {
  patch(
    "AlphaDropout",
    "call",
    (original) =>
      function (
        this: { rate: number; noiseShape?: number[] },
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
      },
  );
};
