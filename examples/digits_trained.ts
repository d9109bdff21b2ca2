/**
 * The classifier of `digits.ts` after 20 epochs on the 64 digits:
 *
 *     deno run -A mod.ts report examples/digits_trained.ts
 */
import type { ModelModule } from "@gradient-health/gradient-health/model";
import { loadDigits } from "../fixtures/digits.ts";
import { createModel as createUntrained } from "./digits.ts";

export { createBatch, objective } from "./digits.ts";

export const createModel: ModelModule["createModel"] = async ({ tf, seed }) => {
  const model = await createUntrained({ tf, seed });
  const { inputs, targets } = loadDigits(tf);
  const optimizer = tf.train.adam(0.003);
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  // Shuffling draws from no seed.
  await model.fit(inputs, targets, { epochs: 20, batchSize: 16, shuffle: false, verbose: 0 });
  optimizer.dispose();
  tf.dispose([inputs, targets]);
  return model;
};
