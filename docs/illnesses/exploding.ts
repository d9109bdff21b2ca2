import type { ModelModule } from "@gradient-health/gradient-health/model";

/** Ten relu layers drawn with a standard deviation of 1: each makes the signal six times larger. */
export const createModel: ModelModule["createModel"] = ({ tf }) => {
  const kernelInitializer = tf.initializers.randomNormal({ stddev: 1 });
  const dense = (inputShape?: number[]) =>
    tf.layers.dense({ units: 64, activation: "relu", kernelInitializer, inputShape });
  const model = tf.sequential({ layers: [dense([32])] });
  for (let layer = 2; layer <= 10; layer++) model.add(dense());
  model.add(tf.layers.dense({ units: 1 }));
  return model;
};

export const objective = "meanSquaredError";
