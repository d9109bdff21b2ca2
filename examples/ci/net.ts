import type { ModelModule } from "@gradient-health/gradient-health/model";

/** Three tanh layers at criticality, under a linear unit. */
export const createModel: ModelModule["createModel"] = ({ tf, seed }) => {
  const kernel = (index: number) =>
    tf.initializers.varianceScaling({
      scale: 1,
      mode: "fanIn",
      distribution: "normal",
      // Each layer draws from a seed of its own.
      seed: 10 * seed + index,
    });
  return tf.sequential({
    layers: [
      tf.layers.dense({
        name: "first",
        units: 64,
        activation: "tanh",
        inputShape: [32],
        kernelInitializer: kernel(1),
      }),
      ...["second", "third"].map((name, index) =>
        tf.layers.dense({
          name,
          units: 64,
          activation: "tanh",
          kernelInitializer: kernel(2 + index),
        })
      ),
      tf.layers.dense({ name: "head", units: 1, kernelInitializer: kernel(4) }),
    ],
  });
};
