import type { ModelModule } from "@gradient-health/gradient-health/model";

/** Six tanh layers drawn with a standard deviation of 100: nearly every output is -1 or 1. */
export const createModel: ModelModule["createModel"] = ({ tf }) => {
  const kernelInitializer = tf.initializers.randomNormal({ stddev: 100 });
  const model = tf.sequential();
  model.add(
    tf.layers.dense({ units: 8, activation: "tanh", kernelInitializer, inputShape: [8] }),
  );
  for (let layer = 2; layer <= 6; layer++) {
    model.add(tf.layers.dense({ units: 8, activation: "tanh", kernelInitializer }));
  }
  model.add(tf.layers.dense({ units: 1 }));
  return model;
};

export const objective = "meanSquaredError";
