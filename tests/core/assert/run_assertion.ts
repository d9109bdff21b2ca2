import { assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { Batch } from "../../../src/core/model/batches/batch.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import { getWeights } from "../../../src/core/model/weights/model_weights.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";

// deno-lint-ignore no-explicit-any
export type Options = any;
export type Assertion = (
  model: LayersModel,
  batch: Batch,
  options?: Options,
  msg?: string,
) => Promise<void>;

/** A model, options for the assertion, and the batch where a random one will not do. */
export interface Setting {
  model: LayersModel;
  options?: Options;
  batch?: Batch;
}

export const MSE = "meanSquaredError";

/** A healthy network. */
export const tanh = (depth = 3) => exerciseModel({ depth, std: 1 / Math.sqrt(20), seed: 3 });

/** Runs an assertion on a setting and frees it; fails if the assertion left a tensor or a trace. */
export async function run(
  assertion: Assertion,
  setting: (tf: TensorFlow) => Setting,
  msg?: string,
) {
  await using engine = await startEngine();
  const { tf } = engine;
  const { model, options = {}, batch = randomBatch(model, { objective: MSE }) } = setting(tf);
  const bits = () => getWeights(model);
  const before = { weights: bits(), tensors: tf.memory().numTensors };
  try {
    await assertion(model, batch, { seed: 3, ...options }, msg);
  } finally {
    assertEquals({ weights: bits(), tensors: tf.memory().numTensors }, before);
    tf.dispose([batch.inputs, batch.targets ?? []]);
    model.dispose();
    options.optimizer?.dispose();
  }
}
