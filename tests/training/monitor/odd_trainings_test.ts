import { assert, assertEquals } from "@std/assert";
import {
  healthMonitor,
  type HealthMonitorOptions,
} from "../../../src/training/monitor/health_monitor.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Optimizer, Tensor } from "../../../src/engine/tensorflow.ts";

/** A network that learns the sum of its inputs, and its data. */
function subject({ tf }: Engine, optimizer: Optimizer = tf.train.sgd(0.01)) {
  const { heNormal } = tf.initializers;
  const dense = (seed: number, units: number) =>
    tf.layers.dense({ units, activation: "relu", kernelInitializer: heNormal({ seed }) });
  const input = tf.input({ shape: [3] });
  const hidden = dense(2, 8).apply(dense(1, 8).apply(input)) as never;
  const head = tf.layers.dense({ units: 1, kernelInitializer: heNormal({ seed: 3 }) });
  const model = tf.model({ inputs: input, outputs: head.apply(hidden) as never }) as LayersModel;
  model.compile({ optimizer, loss: "meanSquaredError" });
  const inputs = tf.randomNormal([32, 3], 0, 1, "float32", 1) as Tensor;
  const targets = tf.sum(inputs, 1, true) as Tensor;
  return { tf, model, inputs, targets, batch: { inputs, targets } };
}

type Subject = ReturnType<typeof subject>;

/** Trains in batches of 8 unless told otherwise. */
async function fit(
  { model, inputs, targets, batch }: Subject,
  settings: Record<string, unknown> = {},
  options: Partial<HealthMonitorOptions> = {},
) {
  const monitor = healthMonitor({ batch, onFinding: "keep", budget: 1, ...options });
  const training = { epochs: 5, batchSize: 8, shuffle: false, verbose: 0, callbacks: monitor };
  await model.fit(inputs, targets, Object.assign(training, settings));
  return monitor;
}

const errorsOf = ({ history }: ReturnType<typeof healthMonitor>) =>
  history.flatMap(({ step, findings }) =>
    findings.filter(({ severity }) => step > 0 && severity === "error").map(({ rule }) => rule)
  );

Deno.test("fitDataset() gets each batch of a repeated data set under a monitor", async () => {
  await using engine = await startEngine();
  const { tf, model, inputs, targets, batch } = subject(engine);
  const rows = () =>
    tf.data.zip({
      xs: tf.data.array(inputs.arraySync() as number[][]),
      ys: tf.data.array(targets.arraySync() as number[][]),
    });
  for (const dataset of [rows().batch(8).repeat(), rows().repeat().batch(8)]) {
    const monitor = healthMonitor({ batch, onFinding: "keep", budget: 1 });
    await model.fitDataset(dataset as never, {
      epochs: 3,
      batchesPerEpoch: 4,
      verbose: 0,
      callbacks: monitor,
    });
    assertEquals(monitor.steps.map(({ epoch }) => epoch).slice(1).join(""), "111122223333");
  }
});

Deno.test("a loss of 0 is no rate that is too low", async () => {
  await using engine = await startEngine();
  const one = subject(engine);
  const { tf, model } = one;
  model.layers.at(-1)!.setWeights([tf.zeros([8, 1]), tf.zeros([1])]);
  const targets = tf.zeros([32, 1]) as Tensor;
  const monitor = await fit({ ...one, targets, batch: { inputs: one.inputs, targets } }, {
    epochs: 30,
  });
  assert(monitor.steps.slice(1).every(({ loss }) => loss === 0));
  assert(!errorsOf(monitor).includes("rate-too-low"), errorsOf(monitor).join());
  assertEquals(monitor.history.at(-1)!.cause, null);
});

Deno.test("the kernel of a linear model whose answer is 0 shrinks, and is not eaten", async () => {
  await using engine = await startEngine();
  const one = subject(engine);
  const { tf, inputs } = one;
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [3], kernelInitializer: "ones" })],
  });
  model.compile({ optimizer: tf.train.sgd(0.02), loss: "meanSquaredError" });
  const targets = tf.zeros([32, 1]) as Tensor;
  const monitor = await fit({ ...one, model, targets, batch: { inputs, targets } });
  const { shrinkage, loss } = monitor.steps.at(-1)!;
  assert(shrinkage! < 0.6 && loss! < 0.5 * monitor.steps[1].loss!);
  assertEquals(errorsOf(monitor), []);
});

Deno.test("epochs of one batch, and a held-out batch of one example, are watched", async () => {
  await using engine = await startEngine();
  const single = await fit(subject(engine), { batchSize: 32, epochs: 30 });
  assertEquals(single.steps.at(-1)!.step, 30);
  assertEquals(errorsOf(single), []);
  const one = subject(engine);
  const batch = { inputs: one.inputs.slice(0, 1), targets: one.targets.slice(0, 1) };
  const small = await fit(one, { validationData: [batch.inputs, batch.targets] }, { batch });
  assertEquals(errorsOf(small), []);
  assert(small.history.at(-1)!.measurements.objective.value >= 0);
});

Deno.test("a second training under the same monitor goes on, with another optimizer", async () => {
  await using engine = await startEngine();
  const one = subject(engine);
  const monitor = await fit(one);
  one.model.compile({ optimizer: one.tf.train.adam(0.01), loss: "meanSquaredError" });
  await one.model.fit(one.inputs, one.targets, {
    epochs: 5,
    batchSize: 8,
    verbose: 0,
    callbacks: monitor,
  });
  assertEquals(monitor.steps.map(({ step }) => step), Array.from({ length: 41 }, (_, i) => i));
  assert(monitor.steps.slice(1).every(({ gradientNorm }) => gradientNorm! > 0));
  assertEquals(errorsOf(monitor), []);
});

Deno.test("a loop that goes on with another optimizer says so, and its steps are watched", async () => {
  await using engine = await startEngine();
  const { tf, model, inputs, targets } = subject(engine);
  const first = tf.train.sgd(0.01);
  const second = tf.train.adam(0.02);
  const batch = { inputs, targets };
  const options = { batch, model, optimizer: first, onFinding: "keep" as const, budget: 1 };
  const monitor = healthMonitor(options);
  for (let step = 1; step <= 20; step++) {
    const optimizer = step <= 10 ? first : second;
    const predicted = () => model.apply(inputs, { training: true }) as Tensor;
    const loss = optimizer.minimize(() => tf.losses.meanSquaredError(targets, predicted()), true)!;
    await monitor.step(step === 10 ? { loss, optimizer: second } : { loss });
    loss.dispose();
  }
  await monitor.end();
  const rows = monitor.steps.slice(1);
  assert(rows.every(({ gradientNorm, updateRatio }) => gradientNorm! > 0 && updateRatio! > 0));
  assertEquals(rows.slice(9, 11).map(({ learningRate }) => learningRate), [0.01, 0.02]);
});

Deno.test("the updates of a network with a frozen layer are those of the others", async () => {
  await using engine = await startEngine();
  const one = subject(engine);
  const frozen = one.model.layers[1];
  frozen.trainable = false;
  one.model.compile({ optimizer: one.tf.train.sgd(0.01), loss: "meanSquaredError" });
  const monitor = await fit(one);
  const moved = monitor.steps.at(-1)!.layers!.filter(({ updateRatio }) => updateRatio != null);
  assertEquals(moved.length, 2);
  assert(moved.every(({ layer }) => !layer.startsWith(frozen.name)));
  assertEquals(errorsOf(monitor), []);
});

Deno.test("a loop that accumulates gradients has a step for each update", async () => {
  await using engine = await startEngine();
  const { tf, model, inputs, targets, batch } = subject(engine);
  const optimizer = tf.train.sgd(0.01);
  const monitor = healthMonitor({ batch, onFinding: "keep", budget: 1, model, optimizer });
  for (let i = 0; i < 25; i++) {
    const { loss, sum } = tf.tidy(() => {
      const parts = [0, 8, 16, 24].map((from) =>
        tf.variableGrads(() =>
          tf.losses.meanSquaredError(
            targets.slice(from, 8),
            model.apply(inputs.slice(from, 8)) as Tensor,
          )
        )
      );
      const names = Object.keys(parts[0].grads);
      const add = (name: string) => tf.addN(parts.map(({ grads }) => tf.div(grads[name], 4)));
      return {
        loss: tf.addN(parts.map(({ value }) => tf.div(value, 4))),
        sum: Object.fromEntries(names.map((name) => [name, add(name)])),
      };
    });
    optimizer.applyGradients(sum);
    await monitor.step({ loss: loss as Tensor });
    tf.dispose([loss, sum]);
  }
  await monitor.end();
  assert(monitor.steps.slice(1).every(({ gradientNorm }) => gradientNorm! > 0));
  assert(monitor.steps.at(-1)!.loss! < monitor.steps[1].loss!);
  assertEquals(errorsOf(monitor), []);
});
