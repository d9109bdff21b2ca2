import { assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/measure/measure.ts";

const network = (tf: TensorFlow) =>
  tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] });

Deno.test("measure() says which optimizer a model was compiled with, and at which rate", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const inputs = tf.ones([8, 4]);
  const model = network(tf);
  assertEquals("optimizer" in await measure(model, { inputs }), false);
  for (
    const [optimizer, name, rate, settings] of [
      [tf.train.adam(0.02), "Adam", 0.02, undefined],
      [tf.train.momentum(0.5, 0.9), "Momentum", 0.5, { momentum: 0.9 }],
      [tf.train.momentum(0.5, 0.9, true), "Momentum", 0.5, { momentum: 0.9, nesterov: true }],
      [tf.train.rmsprop(0.5, 0.8), "RMSProp", 0.5, { rho: 0.8 }],
      ["sgd", "SGD", 0.01, undefined],
    ] as const
  ) {
    model.compile({ optimizer, loss: "meanSquaredError" });
    const { optimizer: measured } = await measure(model, { inputs });
    const expected = { name, learningRate: rate };
    assertEquals(measured, settings === undefined ? expected : { ...expected, settings });
  }
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() draws classes for a compiled loss on logits, and bits for one on single logits", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const inputs = tf.ones([8, 4]);
  for (
    const [loss, isOneOfThree] of [["softmaxCrossEntropy", true], [
      "sigmoidCrossEntropy",
      false,
    ]] as const
  ) {
    const model = network(tf);
    model.compile({ optimizer: "sgd", loss: tf.losses[loss] });
    const { batch, objective } = await measure(model, { inputs });
    assertEquals([objective.name, objective.randomTargets], [loss, true]);
    const { mean, rms } = batch.targets![0].values;
    // Every target is 0 or 1, and in each row of three classes one is 1.
    assertAlmostEquals(rms ** 2, mean, 1e-6);
    if (isOneOfThree) assertAlmostEquals(mean, 1 / 3, 1e-6);
    model.dispose();
  }
  inputs.dispose();
});
