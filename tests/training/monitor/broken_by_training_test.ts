import { assertEquals, AssertionError, assertMatch, assertRejects } from "@std/assert";
import { healthMonitor } from "../../../src/training/monitor/health_monitor.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { createBatch, createModel } from "../../../examples/digits.ts";

/** Trains the digits' classifier by SGD, measured after 10 batches. */
async function train(learningRate: number) {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = await createModel({ tf, seed: 0 });
  model.compile({ optimizer: tf.train.sgd(learningRate), loss: "categoricalCrossentropy" });
  const batch = await createBatch({ tf, seed: 0, examples: 48 });
  const held = await createBatch({ tf, seed: 3, examples: 16 });
  const monitor = healthMonitor({ batch: held, every: 10 });
  const options = { epochs: 4, batchSize: 16, shuffle: false, verbose: 0, callbacks: monitor };
  try {
    await model.fit(batch.inputs, batch.targets!, { ...options, verbose: 0 });
  } finally {
    tf.dispose([batch.inputs, batch.targets!, held.inputs, held.targets!]);
    model.dispose();
  }
  return monitor;
}

for (const rate of [2, 20]) {
  Deno.test(`healthMonitor() names a learning rate of ${rate} that broke the network steps ago`, async () => {
    const { message } = await assertRejects(() => train(rate), AssertionError);
    const [, , cause, fix] = message.split("\n");
    assertMatch(cause, new RegExp(`^1\\. The learning rate of ${rate} is too high: `));
    assertMatch(
      fix,
      /^ {3}Fix: Set the learning rate to 0\.\d+, and start again .*: tried there, /,
    );
  });
}

Deno.test("healthMonitor() finds no cause where kernels grow and the network learns", async () => {
  const { history } = await train(1);
  const { progress, cause } = history.at(-1)!;
  assertEquals(cause, null);
  assertEquals(progress.some(({ growth }) => growth! > 2), true);
});
