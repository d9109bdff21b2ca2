import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import { openProbe } from "../../src/probe/open_probe.ts";
import { planTrial, stepSeconds } from "../../src/probe/plan_trial.ts";
import { TRIAL_BUDGET } from "../../src/probe/trial_budget.ts";
import { tryTraining } from "../../src/probe/try_training.ts";

/** LeNet-5, as it is built for digits of 28 x 28. */
function leNet({ layers, sequential }: TensorFlow): LayersModel {
  const activation = "tanh" as const;
  return sequential({
    name: "lenet",
    layers: [
      layers.conv2d({
        filters: 6,
        kernelSize: 5,
        padding: "same",
        activation,
        inputShape: [28, 28, 1],
      }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 16, kernelSize: 5, activation }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 120, activation }),
      layers.dense({ units: 84, activation }),
      layers.dense({ units: 10, activation: "softmax" }),
    ],
  });
}

Deno.test("planTrial() takes fewer examples, then fewer steps, and skips what shows nothing unless it must not", async () => {
  await using engine = await startEngine();
  const model = leNet(engine.tf);
  const batch = randomBatch(model, { seed: 0 });
  const probe = await openProbe(model, batch, {});
  const plan = (budgetSeconds: number, options: { always?: boolean; few?: boolean } = {}) =>
    planTrial(probe, { steps: 40, budgetSeconds, always: false, ...options });
  const whole = stepSeconds(probe, 32);
  const eighth = stepSeconds(probe, 8);
  assert(whole > 2 * eighth);
  assertEquals(plan(100.5 * whole), { examples: 32, steps: 100 });
  assertEquals(plan(40.5 * stepSeconds(probe, 16)), { examples: 16, steps: 40 });
  assertEquals(plan(12.5 * eighth), { examples: 8, steps: 12 });
  assertEquals(plan(9.5 * eighth), { seconds: 10 * eighth });
  // Few examples prove no learning, but show what diverges.
  const few = { few: true };
  assertEquals(plan(10.5 * eighth, few), { examples: 8, steps: 10 });
  const { steps } = plan(9.5 * eighth, few) as { steps: number };
  assertEquals(plan(9.5 * eighth, few), { examples: 4, steps });
  assert(steps >= 9, `${steps}`);
  const pair = stepSeconds(probe, 2);
  // Weights are updated whatever the examples, so four examples cost little more than two.
  assertEquals(plan(4.1 * pair, few), { examples: 2, steps: 4 });
  assertEquals(plan(3.5 * pair, few), { seconds: 4 * pair });
  // However long it takes.
  assertEquals(plan(9.5 * eighth, { always: true }), { examples: 8, steps: 40 });
  assertEquals(plan(0, { always: true }), { examples: 8, steps: 40 });
  engine.tf.dispose(batch.inputs);
  model.dispose();
});

/** An LSTM of 128 units over 80 words of 20,000. */
function lstm({ layers, sequential }: TensorFlow): LayersModel {
  return sequential({
    layers: [
      layers.embedding({ inputDim: 20_000, outputDim: 128, inputLength: 80 }),
      layers.lstm({ units: 128 }),
      layers.dense({ units: 1, activation: "sigmoid" }),
    ],
  });
}

/** ResNet-20 for pictures of 32 x 32 (He and others 2015). */
function resNet20({ input, layers, model }: TensorFlow): LayersModel {
  type Symbolic = ReturnType<TensorFlow["input"]>;
  const convolve = (x: Symbolic, filters: number, strides: number) => {
    const conv = layers.conv2d({ filters, kernelSize: 3, strides, padding: "same" }).apply(x);
    return layers.batchNormalization().apply(conv) as Symbolic;
  };
  const relu = (x: Symbolic) => layers.reLU().apply(x) as Symbolic;
  const inputs = input({ shape: [32, 32, 3] });
  let x = relu(convolve(inputs, 16, 1));
  for (let block = 0; block < 9; block++) {
    const filters = 16 * 2 ** Math.floor(block / 3);
    const strides = block === 3 || block === 6 ? 2 : 1;
    const shortcut = strides === 1
      ? x
      : layers.conv2d({ filters, kernelSize: 1, strides }).apply(x) as Symbolic;
    const branch = convolve(relu(convolve(x, filters, strides)), filters, 1);
    x = relu(layers.add().apply([shortcut, branch]) as Symbolic);
  }
  const pooled = layers.globalAveragePooling2d({} as never).apply(x);
  const outputs = layers.dense({ units: 10, activation: "softmax" }).apply(pooled) as Symbolic;
  return model({ inputs, outputs });
}

for (
  const [name, build] of Object.entries({
    "an LSTM": lstm,
    "a ResNet-20": resNet20,
    "a LeNet": leNet,
  })
) {
  Deno.test(`${name} is tried within the default budget`, async () => {
    await using engine = await startEngine();
    const model = build(engine.tf);
    const batch = randomBatch(model, { seed: 0 });
    const probe = await openProbe(model, batch, {});
    const plan = planTrial(probe, { steps: 40, budgetSeconds: TRIAL_BUDGET, always: false });
    assert(!("seconds" in plan) && plan.steps >= 40 && plan.examples >= 8, JSON.stringify(plan));
    engine.tf.dispose(batch.inputs);
    model.dispose();
  });
}

Deno.test("a LeNet on 32 digits is tried within the default budget, whole, and with a single step", async () => {
  await using engine = await startEngine();
  const model = leNet(engine.tf);
  const batch = randomBatch(model, { seed: 0, objective: "categoricalCrossentropy" });
  const objective = "categoricalCrossentropy";
  const whole = await tryTraining(model, batch, { objective });
  assert("verdict" in whole);
  assertEquals([whole.examples, whole.untried], [undefined, undefined]);
  // `check` has 3 s, of which starting and the pass take less than one.
  const probe = await openProbe(model, batch, {});
  const { steps } = whole.attempts[0];
  const seconds = steps * stepSeconds(probe, 32);
  assert(seconds < 2 && whole.attempts.length === 1, `${steps} steps, ${seconds} s`);
  const one = await tryTraining(model, batch, { objective, steps: 1 });
  assert("verdict" in one);
  assertNotEquals(one.attempts.length, 0);
  engine.tf.dispose([batch.inputs, batch.targets!]);
  model.dispose();
});

Deno.test("tryTraining() says on how many examples, leaves no tensor, and calls nothing failed that was cut short", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = leNet(tf);
  const objective = "categoricalCrossentropy";
  const batch = randomBatch(model, { seed: 0, objective });
  const probe = await openProbe(model, batch, {});
  const budgetSeconds = 12 * stepSeconds(probe, 8);
  const { numTensors } = tf.memory();
  // At a rate that learns nothing.
  const optimizer = tf.train.sgd(1e-9);
  const trial = await tryTraining(model, batch, { objective, budgetSeconds, optimizer });
  assert("verdict" in trial);
  assertEquals([trial.examples, trial.verdict, trial.reason], [8, "undecided", null]);
  assert(trial.untried! > 0);
  assertEquals(trial.attempts[0].cut, true);
  optimizer.dispose();
  assert(tf.memory().numTensors <= numTensors);
  const again = await tryTraining(model, batch, { objective, budgetSeconds, optimizer });
  assertEquals(again, trial);
  tf.dispose([batch.inputs, batch.targets!]);
  model.dispose();
});
