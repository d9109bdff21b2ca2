import type { ModelModule } from "@gradient-health/gradient-health/model";

/** Ten sigmoid layers: the slope of a sigmoid is at most 1/4, so each layer passes on a fraction. */
export const createModel: ModelModule["createModel"] = ({ tf }) => {
  const model = tf.sequential();
  model.add(tf.layers.dense({ units: 64, activation: "sigmoid", inputShape: [32] }));
  for (let layer = 2; layer <= 10; layer++) {
    model.add(tf.layers.dense({ units: 64, activation: "sigmoid" }));
  }
  model.add(tf.layers.dense({ units: 10, activation: "softmax" }));
  return model;
};

export const objective = "categoricalCrossentropy";
