import type { ModelModule } from "@gradient-health/gradient-health/model";

/** Kernels that start at one constant: all units of a layer compute, and learn, the same. */
export const createModel: ModelModule["createModel"] = ({ tf }) => {
  const kernelInitializer = tf.initializers.constant({ value: 0.02 });
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 64, activation: "relu", kernelInitializer, inputShape: [32] }),
      tf.layers.dense({ units: 64, activation: "relu", kernelInitializer }),
      tf.layers.dense({ units: 10, activation: "softmax", kernelInitializer }),
    ],
  });
};

export const objective = "categoricalCrossentropy";
