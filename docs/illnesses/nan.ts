import type { ModelModule } from "@gradient-health/gradient-health/model";

/** A sound network on inputs with a constant column, which were divided by its deviation of 0. */
export const createModel: ModelModule["createModel"] = ({ tf }) =>
  tf.sequential({
    layers: [
      tf.layers.dense({ units: 64, activation: "tanh", inputShape: [8] }),
      tf.layers.dense({ units: 1 }),
    ],
  });

export const createBatch: ModelModule["createBatch"] = ({ tf, seed, examples }) => {
  const raw = tf.concat([
    tf.randomNormal([examples, 7], 0, 1, "float32", seed),
    tf.ones([examples, 1]),
  ], 1);
  const { mean, variance } = tf.moments(raw, 0);
  return {
    inputs: raw.sub(mean).div(variance.sqrt()),
    targets: tf.randomNormal([examples, 1], 0, 1, "float32", seed + 1),
  };
};

export const objective = "meanSquaredError";
