/** The network of this repository: six measurements of a thing in, one of three kinds out. */
import type { ModelModule } from "@gradient-health/gradient-health/model";

export const objective: ModelModule["objective"] = "categoricalCrossentropy";

export const createModel: ModelModule["createModel"] = ({ tf }) => {
  const model = tf.sequential({ name: "classifier" });
  for (let layer = 1; layer <= 3; layer++) {
    model.add(tf.layers.dense({
      name: `hidden_${layer}`,
      units: 64,
      activation: "relu",
      kernelInitializer: "heNormal",
      inputShape: layer === 1 ? [6] : undefined,
    }));
  }
  model.add(tf.layers.dense({ name: "kind", units: 3, activation: "softmax" }));
  return model;
};
