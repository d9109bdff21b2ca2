/**
 * A convolutional network for the handwritten digits, with batch normalisation and dropout:
 *
 *     deno run -A mod.ts report examples/convnet.ts
 */
import type { ModelModule } from "@gradient-health/gradient-health/model";

export { createBatch, objective } from "./digits.ts";

/** Initialisers without a seed of their own follow the seed of the run. */
export const createModel: ModelModule["createModel"] = ({ tf }) => {
  const model = tf.sequential({ name: "convnet" });
  for (const [index, filters] of [16, 32].entries()) {
    const name = (what: string) => `${what}_${index + 1}`;
    model.add(tf.layers.conv2d({
      name: name("conv"),
      filters,
      kernelSize: 3,
      padding: "same",
      // The normalisation that follows takes any bias out again.
      useBias: false,
      kernelInitializer: "heNormal",
      inputShape: index === 0 ? [28, 28, 1] : undefined,
    }));
    model.add(tf.layers.batchNormalization({ name: name("norm") }));
    model.add(tf.layers.reLU({ name: name("relu") }));
    model.add(tf.layers.maxPooling2d({ name: name("pool"), poolSize: 2 }));
  }
  model.add(tf.layers.flatten({ name: "flatten" }));
  model.add(tf.layers.dropout({ name: "dropout", rate: 0.3 }));
  model.add(tf.layers.dense({ name: "classes", units: 10, activation: "softmax" }));
  return model;
};
