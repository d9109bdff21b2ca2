import { InputError } from "../../../src/ground/words/input_error.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { processorSeconds, type TrialOptions } from "../../../src/core/probe/open_trial.ts";
import { tryTraining } from "../../../src/core/probe/try_training.ts";
import { classes, classifier, customLayer, sums } from "../../networks/trained_models.ts";
import { compiled, healthy, houses, tried } from "./tried.ts";
import { assertRefusedLater } from "../../assert_refused.ts";

Deno.test("tryTraining() says whether the targets were drawn", async () => {
  await using engine = await startEngine();
  const model = healthy();
  const { inputs, targets } = sums(engine.tf);
  assertEquals((await tried(model, { inputs, targets })).randomTargets, false);
  assertEquals((await tried(model, { inputs })).randomTargets, true);
  // Ten class numbers suit no head of one linear unit.
  const many = engine.tf.zeros([32, 10]);
  assertEquals((await tried(model, { inputs, targets: many })).randomTargets, true);
});

Deno.test("tryTraining() takes the loss and the optimizer that are asked for", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const optimizer = tf.train.momentum(0.01, 0.9);
  const objective = "meanAbsoluteError";
  const trial = await tried(healthy(), sums(tf), { objective, optimizer });
  assertEquals(trial.objective, { name: objective });
  const { optimizer: name, learningRate, given } = trial.attempts[0];
  assertEquals({ name, learningRate, given }, {
    name: "Momentum",
    learningRate: 0.01,
    given: true,
  });
});

Deno.test("tryTraining() tries other rates, and Adam, where the compiled rate fails", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = compiled(healthy(), { optimizer: tf.train.adam(1e-3), loss: "meanSquaredError" });
  const { attempts } = await tried(model, houses(tf), { steps: 5 });
  assertEquals(
    attempts.map(({ optimizer, learningRate, given }) => [optimizer, learningRate, given]),
    [["Adam", 1e-3, true], ["Adam", 3e-3, false], ["Adam", 1e-2, false]],
  );
  assertEquals(attempts.map(({ steps }) => steps), [5, 5, 5]);
});

Deno.test("tryTraining() tells what training does to each layer", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = classifier(tf);
  model.layers[1].trainable = false;
  const { layers } = (await tried(model, classes(tf))).attempts[0];
  assertEquals(layers.map(({ layer }) => layer), ["dense_1", "dense_3", "dense_4"]);
  for (const { updateRatio, growth, moved, nonFiniteGradient } of layers) {
    // The first step of Adam moves each weight by the rate; the rms of the kernels is 0.16 to 0.32.
    assert(updateRatio! > 0.005 && updateRatio! < 0.03, `${updateRatio}`);
    assert(growth! > 0.9 && growth! < 1.1, `${growth}`);
    assert(moved > 0.9, `${moved}`);
    assertEquals(nonFiniteGradient, null);
  }
  const broken = compiled(healthy(), { optimizer: tf.train.sgd(1e20), loss: "meanSquaredError" });
  const [attempt] = (await tried(broken, sums(tf))).attempts;
  assert(attempt.layers.some(({ nonFiniteGradient }) => nonFiniteGradient !== null));
  assert(attempt.nonFiniteStep! > 0);
});

Deno.test("tryTraining() skips what its budget has no time for", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = healthy();
  const batch = sums(tf);
  const trial = await tryTraining(model, batch, { budgetSeconds: 0.001 });
  assert("skipped" in trial);
  assertMatch(
    trial.skipped,
    /^it could take 1 s \(limit 0\.001 s\)\. Raise it with --trial-budget \(budgetSeconds\)\.$/,
  );
  assert(trial.seconds > 0.001);
  assert("verdict" in await tryTraining(model, batch, { budgetSeconds: 0.001, always: true }));
  assert("verdict" in await tryTraining(model, batch, { budgetSeconds: trial.seconds }));
  // Nothing is run where nothing can be learned.
  for (const layer of model.layers) layer.trainable = false;
  assert("verdict" in await tryTraining(model, batch, { budgetSeconds: 0 }));
});

/** Makes a network with a layer that does nothing for some time. */
function delayed(tf: TensorFlow, wait: () => void): LayersModel {
  const slow = customLayer(tf, "slow", (x) => {
    wait();
    return x.clone();
  });
  const dense = tf.layers.dense({ units: 1, inputShape: [20], kernelInitializer: "zeros" });
  return tf.sequential({ layers: [dense, slow] });
}

function keepBusy(seconds: number): void {
  const end = processorSeconds() + seconds;
  while (processorSeconds() < end);
}

Deno.test("tryTraining() gives up where a layer takes far longer than was estimated, unless it must not", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = delayed(tf, () => keepBusy(0.03));
  const { numTensors } = tf.memory();
  const batch = sums(tf);
  const trial = await tryTraining(model, batch, { budgetSeconds: 0.1 });
  assert("skipped" in trial);
  assertMatch(
    trial.skipped,
    /^it was stopped after 1\.3 s of processor time \(limit 0\.1 s\)\. Raise it with --trial-budget \(budgetSeconds\)\.$/,
  );
  const always = await tryTraining(model, batch, { budgetSeconds: 0.01, always: true });
  assert("verdict" in always);
  tf.dispose([batch.inputs, batch.targets]);
  assertEquals(tf.memory().numTensors, numTensors);
});

Deno.test("tryTraining() is not stopped by a busy machine: only processor time counts", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const model = delayed(tf, () => void Atomics.wait(sleeper, 0, 0, 60));
  const batch = sums(tf);
  const started = performance.now();
  const trial = await tryTraining(model, batch, { budgetSeconds: 0.1 });
  assert("verdict" in trial, JSON.stringify(trial));
  // The limit is 1.3 s.
  assert(performance.now() - started > 1300);
  tf.dispose([batch.inputs, batch.targets]);
});

for (const optimizer of ["sgd", "momentum", "adagrad", "adadelta", "adam", "adamax", "rmsprop"]) {
  Deno.test(`tryTraining() leaves no tensor of ${optimizer}`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    const own = optimizer === "momentum" ? tf.train.momentum(0.01, 0.9) : optimizer;
    const model = compiled(healthy(), { optimizer: own, loss: "meanSquaredError" });
    const batch = houses(tf);
    const { numTensors } = tf.memory();
    const { attempts } = await tried(model, batch, { steps: 2 });
    assertEquals(tf.memory().numTensors, numTensors);
    assertEquals(attempts.filter(({ given }) => given).length, 1);
    const rates = attempts.filter((one) => one.optimizer === attempts[0].optimizer);
    assert(rates.length >= 3, JSON.stringify(attempts));
  });
}

Deno.test("tryTraining() takes a model that lists an output twice", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const input = tf.input({ shape: [20] });
  const output = tf.layers.dense({ units: 1 }).apply(input) as typeof input;
  const { warn } = console;
  console.warn = () => {};
  const model = tf.model({ inputs: input, outputs: [output, output] });
  console.warn = warn;
  const { inputs, targets } = sums(tf);
  const { attempts } = await tried(model, { inputs, targets: [targets, targets] }, { steps: 1 });
  assert(attempts[0].loss.last < attempts[0].loss.first);
});

Deno.test("tryTraining() refuses steps and a budget that are none", async () => {
  await using engine = await startEngine();
  const model = healthy();
  const batch = randomBatch(model);
  const refused = (
    options: unknown,
    message: string,
    kind: typeof TypeError | typeof InputError = InputError,
  ) => assertRejects(() => tryTraining(model, batch, options as TrialOptions), kind, message);
  await refused({ steps: 0 }, "options.steps is 0, expected a whole number of at least 1");
  await refused({ budgetSeconds: -1 }, "options.budgetSeconds is -1, expected seconds, 0 or more");
  await refused(
    { budgetSeconds: "5" },
    'options.budgetSeconds is "5", expected a number',
    TypeError,
  );
  await refused(
    { optimizer: 5 },
    "options.optimizer is 5, expected an optimizer of TensorFlow.js",
    TypeError,
  );
  await refused({ objective: "mse" }, 'did you mean "meanSquaredError"?', TypeError);
  const { inputs } = batch;
  const targets = engine.tf.zeros([32, 3]);
  await assertRefusedLater(
    () => tryTraining(model, { inputs, targets }, { objective: "meanSquaredError" }),
    {
      place: "batch.targets",
      found: "shape [32, 3]",
      expected: "[32, 1] for the objective meanSquaredError of an output of shape [32, 1]",
    },
  );
});
