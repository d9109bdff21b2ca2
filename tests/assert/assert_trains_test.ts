import { assertEquals, AssertionError, assertRejects, assertStringIncludes } from "@std/assert";
import { assertTrains } from "../../src/assert/assert_trains.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";

/** Points whose sum is to be learned, and a network that can. */
function subject(tf: TensorFlow, rate: number) {
  const inputs = tf.randomNormal([256, 4], 0, 1, "float32", 1) as Tensor;
  const targets = tf.tidy(() => tf.sum(inputs, 1, true)) as Tensor;
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 8,
        activation: "relu",
        inputShape: [4],
        kernelInitializer: tf.initializers.heNormal({ seed: 2 }),
      }),
      tf.layers.dense({ units: 1, kernelInitializer: tf.initializers.glorotNormal({ seed: 3 }) }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(rate), loss: "meanSquaredError" });
  return { model, inputs, targets };
}

Deno.test("assertTrains() passes a network that learns, and leaves no tensor", async () => {
  await using engine = await startEngine();
  const { model, inputs, targets } = subject(engine.tf, 0.05);
  const before = engine.tf.memory().numTensors;
  await assertTrains(model, { inputs, targets }, { steps: 40 });
  assertEquals(engine.tf.memory().numTensors, before);
});

Deno.test("assertTrains() fails with the cause, the step and a tried rate", async () => {
  await using engine = await startEngine();
  for (const [rate, says] of [[1e-8, "is too low"], [30, "is too high"]] as const) {
    const { model, inputs, targets } = subject(engine.tf, rate);
    const error = await assertRejects(
      () => assertTrains(model, { inputs, targets }, { steps: 40 }),
      AssertionError,
    );
    assertStringIncludes(error.message, says);
    assertStringIncludes(error.message, "After ");
    assertStringIncludes(error.message, "tried there");
  }
});

Deno.test("assertTrains() fails if the held-out loss has not fallen, on both sides of leastFall", async () => {
  await using engine = await startEngine();
  const { model, inputs, targets } = subject(engine.tf, 0.05);
  await assertRejects(
    () => assertTrains(model, { inputs, targets }, { steps: 3, leastFall: 0.99 }),
    AssertionError,
    "has not learned in 3 steps: the held-out loss was",
  );
  await assertTrains(model, { inputs, targets }, { steps: 3, leastFall: 0 });
});

Deno.test("assertTrains() rejects data without targets, and a model that was not compiled", async () => {
  await using engine = await startEngine();
  const { model, inputs, targets } = subject(engine.tf, 0.05);
  await assertRejects(() => assertTrains(model, { inputs }), TypeError, "data.targets is missing");
  await assertRejects(
    () => assertTrains(model, { inputs, targets }, { steps: 0 }),
    TypeError,
    "options.steps is 0",
  );
  const bare = engine.tf.sequential({
    layers: [engine.tf.layers.dense({ units: 1, inputShape: [4] })],
  });
  await assertRejects(() => assertTrains(bare, { inputs, targets }), TypeError, "not compiled");
});
