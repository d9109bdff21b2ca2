import { InputError } from "../../src/words/input_error.ts";
import { assertEquals, AssertionError, assertMatch, assertRejects } from "@std/assert";
import {
  assertLossReduction,
  assertOverfitsBatch,
  assertUpdateRatio,
  assertWeightsChange,
  assertWeightsFrozen,
} from "../../src/assert/mod.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import { setWeights } from "../../src/model/weights/set_weights.ts";
import { normalized } from "../networks/trained_models.ts";
import { MSE, type Options, run, tanh } from "./run_assertion.ts";

Deno.test("assertWeightsFrozen() throws when a step moves the statistics of a frozen normalisation", async () => {
  await run(assertWeightsFrozen, (tf) => ({ model: normalized(tf, "dense") }));
  const error = await assertRejects(
    () => run(assertWeightsFrozen, (tf) => ({ model: normalized(tf, "norm") })),
    AssertionError,
    "norm/moving_mean belongs to a frozen layer",
  );
  assertMatch(error.message, /Run norm in inference mode/);
});

Deno.test("assertWeightsFrozen() looks into frozen models, and passes where nothing is frozen", async () => {
  await run(assertWeightsFrozen, (tf) => ({ model: normalized(tf) }));
  await assertRejects(
    () =>
      run(assertWeightsFrozen, (tf) => {
        const inner = normalized(tf);
        inner.trainable = false;
        const model = tf.sequential({
          layers: [inner, tf.layers.dense({ name: "top", units: 1 })],
        });
        return { model };
      }),
    AssertionError,
    "normalized/norm/moving_mean",
  );
});

Deno.test("assertWeightsChange() passes below a head of zeros, which lets the second step through", async () => {
  const zeroHead = () => {
    const model = tanh();
    setWeights(model, { "dense_4/kernel": Array(20).fill(0) });
    return model;
  };
  await run(assertWeightsChange, () => ({ model: zeroHead(), options: { objective: MSE } }));
});

Deno.test("assertLossReduction() takes the loss that the model was compiled with", async () => {
  const compiled = (loss: Options) => () => {
    const model = tanh();
    model.compile({ optimizer: "sgd", loss });
    return { model };
  };
  await run(assertLossReduction, compiled(MSE));
  await run(assertLossReduction, (tf) => compiled([tf.losses.huberLoss])());
  await assertRejects(
    () => run(assertLossReduction, () => ({ model: tanh() })),
    AssertionError,
    "sum is",
  );
});

Deno.test("assertUpdateRatio() leaves the state of the optimizer that it is given alone", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tanh();
  const batch = randomBatch(model, { objective: MSE });
  model.compile({ optimizer: tf.train.adam(1e-3), loss: MSE });
  await model.fit(batch.inputs, batch.targets!, { verbose: 0 });
  const state = async () => {
    const [iterations, ...slots] = await model.optimizer.getWeights();
    const values = [iterations, ...slots].map(({ tensor }) => [...tensor.dataSync()]);
    iterations.tensor.dispose();
    return values;
  };
  const before = await state();
  const tensors = tf.memory().numTensors;
  await assertUpdateRatio(model, batch);
  assertEquals(await state(), before);
  assertEquals(tf.memory().numTensors, tensors);
  // The copy goes on from that state: after a thousand like steps, Adam's next is no first one.
  assertEquals(before.length > 1 && before[0][0] === 1, true);
  tf.dispose([batch.inputs, batch.targets!]);
  model.optimizer.dispose();
  model.dispose();
});

Deno.test("assertOverfitsBatch() throws an InputError when there is no loss to bring down", async () => {
  await assertRejects(
    () => run(assertOverfitsBatch, () => ({ model: tanh() })),
    InputError,
    "no least value",
  );
});
