import { assertEquals, AssertionError, assertMatch, assertRejects } from "@std/assert";
import { healthMonitor } from "../../src/assert/health_monitor.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { exerciseModel } from "../../src/model/layers/exercise_model.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import { type Fault, patient } from "../networks/patients.ts";

const OBJECTIVE = "meanSquaredError";

/** A network of two layers, given as a chain or as a graph. */
async function named(create: (tf: TensorFlow) => LayersModel): Promise<string[]> {
  await using engine = await startEngine();
  const model = create(engine.tf);
  const batch = randomBatch(model, { objective: OBJECTIVE });
  model.compile({ optimizer: engine.tf.train.sgd(1e30), loss: OBJECTIVE });
  const monitor = healthMonitor({ batch, objective: OBJECTIVE, rules: ["non-finite"] });
  try {
    const { message } = await assertRejects(
      () => model.fit(batch.inputs, batch.targets!, { epochs: 9, verbose: 0, callbacks: monitor }),
      AssertionError,
    );
    return message.split("\n");
  } finally {
    engine.tf.dispose([batch.inputs, batch.targets!]);
    model.dispose();
  }
}

Deno.test("healthMonitor() calls a model by its own name, and blames the learning rate for NaN first", async () => {
  const chain = await named((tf) =>
    tf.sequential({
      name: "mine",
      layers: [
        tf.layers.dense({ name: "h1", units: 8, inputShape: [4] }),
        tf.layers.dense({ units: 1 }),
      ],
    })
  );
  assertMatch(chain[1], /^Model "mine" /);
  assertMatch(chain[2], /^1\. The learning rate of 1e30 is too large: /);
  const fix = chain.filter((line) => line.startsWith("   Fix:"));
  assertEquals(fix.length, 1);
  assertMatch(fix[0], /^ {3}Fix: Lower it to 0.01, the usual rate of SGD, and start again/);
  const graph = await named((tf) => {
    const inputs = tf.input({ shape: [4] });
    const hidden = tf.layers.dense({ units: 8 }).apply(inputs) as typeof inputs;
    const outputs = tf.layers.dense({ units: 1 }).apply(hidden) as typeof inputs;
    return tf.model({ name: "my_model", inputs, outputs });
  });
  assertMatch(graph[1], /^Model "my_model" /);
});

Deno.test("healthMonitor() leaves the learning rate alone where the held batch is not finite", async () => {
  await using engine = await startEngine();
  const model = exerciseModel({ depth: 2, std: 1 / Math.sqrt(20) });
  const good = randomBatch(model, { objective: OBJECTIVE });
  const held = { ...good, inputs: engine.tf.fill([8, 20], NaN), targets: engine.tf.zeros([8, 1]) };
  const monitor = healthMonitor({ batch: held, objective: OBJECTIVE, onFinding: "keep" });
  model.compile({ optimizer: engine.tf.train.sgd(1e-3), loss: OBJECTIVE });
  await model.fit(good.inputs, good.targets!, { verbose: 0, callbacks: monitor });
  assertEquals(monitor.history.map(({ cause }) => cause), [null, null]);
  assertEquals(monitor.history[1].findings[0].fix.startsWith("Clean the batch"), true);
  engine.tf.dispose([good.inputs, good.targets!, held.inputs, held.targets]);
  model.dispose();
});

/** Trains a convolutional network by SGD, and says what it was stopped by. */
async function stoppedBy(learningRate: number, fault: Fault) {
  await using engine = await startEngine();
  const { model, batch, objective } = patient(engine.tf, fault);
  const { inputs, targets } = batch as { inputs: Tensor; targets: Tensor };
  model.compile({ optimizer: engine.tf.train.sgd(learningRate), loss: objective as string });
  const monitor = healthMonitor({ batch, every: 2, objective });
  const options = { batchSize: 8, epochs: 1, verbose: 0, callbacks: monitor } as const;
  const { message } = await assertRejects(
    () => model.fit(inputs, targets, options),
    AssertionError,
  );
  engine.tf.dispose([inputs, targets]);
  model.dispose();
  return { message, record: monitor.history.at(-1)! };
}

Deno.test("healthMonitor() names a learning rate of 50, and nothing of initialisation", async () => {
  const { message, record } = await stoppedBy(50, {});
  const lines = message.split("\n");
  assertMatch(lines[1], /is SICK: 1 cause$/);
  assertMatch(lines[2], /^1\. The learning rate of 50 is too large: .*kernel is .* times as large/);
  assertMatch(lines[3], /^ {3}Fix: Lower/);
  assertMatch(lines[4], /^ {3}As a result: /);
  assertEquals(/Multiply|Draw|nitializer/.test(message), false);
  assertEquals([record.cause?.kind, record.cause?.severity], ["learning-rate", "error"]);
});

Deno.test("healthMonitor() gives no fix on initialisation once training has moved the weights", async () => {
  const fix = /Multiply .* or draw them with kernelInitializer/;
  // Both have kernels that are too large; those of the first pass no gradient, and stay what they were: they are
  // judged as before training.
  const unmoved = await stoppedBy(1e-3, { std: 5 });
  assertMatch(unmoved.message, /\n1\. The kernels of conv1 \.\.\. head are .* too large/);
  assertMatch(unmoved.message, fix);
  const moved = await stoppedBy(1e-3, { std: 1 });
  assertMatch(moved.message, /\n1\. The kernels of conv1, conv2, fc1 are .* too large/);
  assertEquals(/Multiply|Draw|nitializer|Start the bias/.test(moved.message), false);
  assertEquals([unmoved.record.cause, moved.record.cause], [null, null]);
});
