import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { describeTrial } from "../../src/checks/describe_trial.ts";
import { startEngine } from "../../src/engine/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import type { Batch } from "../../src/model/batch.ts";
import { exerciseModel } from "../../src/model/exercise_model.ts";
import { randomBatch } from "../../src/model/random_batch.ts";
import type { Trial } from "../../src/probe/trial.ts";
import { type TrialOptions, tryTraining } from "../../src/probe/try_training.ts";
import { customLayer } from "./custom_layer.ts";
import { classes, classifier, sums } from "./trial_networks.ts";

const healthy = () => exerciseModel({ std: 1 / Math.sqrt(20) });

async function tried(model: LayersModel, batch: Batch, options?: TrialOptions): Promise<Trial> {
  const trial = await tryTraining(model, batch, options);
  assert("verdict" in trial, JSON.stringify(trial));
  return trial;
}

interface Row {
  model: (tf: TensorFlow) => LayersModel;
  batch?: (tf: TensorFlow) => Batch;
  verdict: Trial["verdict"] | Trial["verdict"][];
  givenVerdict?: Trial["givenVerdict"];
  reason?: Trial["reason"];
  /** What the sentence says. */
  says: RegExp;
}

function compiled(model: LayersModel, args: Parameters<LayersModel["compile"]>[0]): LayersModel {
  model.compile(args);
  return model;
}

const l2 = (tf: TensorFlow, l2: number) =>
  classifier(tf, { hidden: { kernelRegularizer: tf.regularizers.l2({ l2 }) } });

const houses = (tf: TensorFlow) => {
  const { inputs, targets } = sums(tf);
  return { inputs, targets: tf.tidy(() => tf.add(2e5, tf.mul(targets, 5e4))) };
};

const ROWS: Record<string, Row> = {
  "a healthy classifier of 10 layers": {
    model: (tf) => classifier(tf, { depth: 10 }),
    verdict: "learns",
    reason: null,
    says: /^\d+ steps of Adam at a rate of 0.003: the loss falls from 2.\d+ to [01].\d+$/,
  },
  "a healthy regression": {
    model: healthy,
    batch: sums,
    verdict: "learns",
    says: /: the loss falls from/,
  },
  "a healthy network without targets": {
    model: healthy,
    batch: (tf) => ({ ...sums(tf), targets: null }),
    verdict: "learns",
    says: /\(on random targets\)$/,
  },
  "the exercise's network": {
    model: () => exerciseModel(),
    batch: sums,
    verdict: "fails",
    reason: "still layers",
    says: /^40 steps of Adam at 3 rates: .*, and 7 of 11 layers hardly move$/,
  },
  "relu layers behind a bias of -10": {
    model: (tf) =>
      classifier(tf, { hidden: { biasInitializer: tf.initializers.constant({ value: -10 }) } }),
    verdict: "fails",
    reason: "still layers",
    says: /, which is guessing, and 4 of 4 layers hardly move$/,
  },
  "a network of zeros": {
    model: (tf) => {
      const zeros = { kernelInitializer: "zeros" };
      return classifier(tf, { hidden: zeros, head: zeros });
    },
    verdict: "fails",
    reason: "still layers",
    says: /which is guessing/,
  },
  "a dropout of 0.2": {
    model: (tf) => classifier(tf, { dropout: 0.2 }),
    verdict: "learns",
    says: /falls/,
  },
  "a dropout of 0.95": {
    model: (tf) => classifier(tf, { dropout: 0.95 }),
    verdict: ["slow", "fails"],
    says: /^40 steps of Adam at 3 rates: the loss .*, where guessing has 2.2$/,
  },
  "a penalty of 1e-4": { model: (tf) => l2(tf, 1e-4), verdict: "learns", says: /falls/ },
  "a penalty of 100": {
    model: (tf) => l2(tf, 100),
    verdict: "fails",
    reason: "penalties",
    says: /, and the gradient of the penalties is 799 times that of the loss$/,
  },
  "a network that is frozen": {
    model(tf) {
      const model = classifier(tf);
      for (const layer of model.layers) layer.trainable = false;
      return model;
    },
    verdict: "fails",
    reason: "frozen",
    says: /^no weight is trainable, so nothing can be learned$/,
  },
  "targets of 200,000 at the default rate": {
    model: () => compiled(healthy(), { optimizer: "adam", loss: "meanSquaredError" }),
    batch: houses,
    verdict: "fails",
    givenVerdict: "fails",
    reason: "no progress",
    says: /the loss stays at 4\.\d+e10, where guessing has \d/,
  },
  "a compiled rate of 50": {
    model: (tf) => compiled(healthy(), { optimizer: tf.train.sgd(50), loss: "meanSquaredError" }),
    batch: sums,
    verdict: "learns",
    givenVerdict: "fails",
    says:
      /^\d+ steps of SGD at a rate of 50: the loss is not finite after \d+ steps; \d+ steps of Adam at a rate of 0.003: the loss falls/,
  },
  "a compiled rate that does, beside metrics": {
    model: (tf) =>
      compiled(classifier(tf), {
        optimizer: tf.train.sgd(0.1),
        loss: "categoricalCrossentropy",
        metrics: ["accuracy"],
      }),
    verdict: "learns",
    givenVerdict: "learns",
    says: /^\d+ steps of SGD at a rate of 0.1: the loss falls/,
  },
  "class numbers": {
    model: (tf) =>
      compiled(classifier(tf), { optimizer: "adam", loss: "sparseCategoricalCrossentropy" }),
    batch(tf) {
      const { inputs, labels } = classes(tf);
      return { inputs, targets: labels };
    },
    verdict: "learns",
    says: /^\d+ steps of Adam/,
  },
  "a loss of one's own": {
    model: (tf) =>
      compiled(healthy(), {
        optimizer: "rmsprop",
        loss: function huber(targets, outputs) {
          return tf.mean(tf.sub(tf.sqrt(tf.add(1, tf.squaredDifference(targets, outputs))), 1));
        },
      }),
    batch: sums,
    verdict: "learns",
    says: /^\d+ steps of RMSProp at a rate of 0.001: the loss falls/,
  },
  "two inputs and two outputs": {
    model(tf) {
      const a = tf.input({ shape: [20] }), b = tf.input({ shape: [20] });
      const seeded = (seed: number) => tf.initializers.glorotNormal({ seed });
      const dense = (units: number, activation: "relu" | "softmax" | "linear", seed: number) =>
        tf.layers.dense({ units, activation, kernelInitializer: seeded(seed) });
      const joined = tf.layers.concatenate().apply([a, b]);
      const hidden = dense(64, "relu", 1).apply(joined);
      const outputs = [dense(10, "softmax", 2).apply(hidden), dense(1, "linear", 3).apply(hidden)];
      return tf.model({ inputs: [a, b], outputs: outputs as never });
    },
    batch(tf) {
      const one = classes(tf), other = sums(tf);
      return {
        inputs: [one.inputs, other.inputs],
        targets: [one.targets, other.targets],
      };
    },
    verdict: "learns",
    says: /falls/,
  },
  "a stateful recurrent layer": {
    model: (tf) =>
      tf.sequential({
        layers: [
          tf.layers.simpleRNN({
            units: 32,
            stateful: true,
            batchInputShape: [32, 4, 5],
            kernelInitializer: tf.initializers.glorotNormal({ seed: 1 }),
            recurrentInitializer: tf.initializers.glorotNormal({ seed: 2 }),
          }),
          tf.layers.dense({
            units: 1,
            kernelInitializer: tf.initializers.glorotNormal({ seed: 3 }),
          }),
        ],
      }),
    batch(tf) {
      const { inputs, targets } = sums(tf);
      return { inputs: inputs.reshape([32, 4, 5]), targets };
    },
    verdict: "learns",
    says: /falls/,
  },
  "a weight that is NaN": {
    model(tf) {
      const model = classifier(tf);
      model.layers[0].setWeights([tf.fill([20, 64], NaN), tf.zeros([64])]);
      return model;
    },
    verdict: "fails",
    reason: "not finite",
    says: /^the loss is NaN before the first step$/,
  },
  "a random target for every pixel": {
    model: (tf) =>
      tf.sequential({
        layers: [
          tf.layers.conv2d({
            filters: 2,
            kernelSize: 1,
            inputShape: [8, 8, 1],
            activation: "softmax",
          }),
        ],
      }),
    batch: (tf) => ({ inputs: tf.randomNormal([32, 8, 8, 1], 0, 1, "float32", 1) }),
    verdict: "undecided",
    reason: null,
    says: /\(on random targets\)$/,
  },
  "more random targets than weights": {
    model: (tf) =>
      tf.sequential({
        layers: [
          tf.layers.dense({
            units: 1,
            inputShape: [4],
            kernelInitializer: tf.initializers.glorotNormal({ seed: 1 }),
          }),
        ],
      }),
    batch: (tf) => ({ inputs: tf.randomNormal([32, 4], 0, 1, "float32", 1) }),
    verdict: "undecided",
    says: /\(on random targets\)$/,
  },
};

for (const [name, row] of Object.entries(ROWS)) {
  Deno.test(`tryTraining() tries ${name}`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    const model = row.model(tf);
    const { labels: _, ...batch } = (row.batch ?? classes)(tf) as ReturnType<typeof classes>;
    const { numTensors } = tf.memory();
    const trial = await tried(model, batch);
    assertEquals(tf.memory().numTensors, numTensors);
    const said = describeTrial(trial);
    assert([row.verdict].flat().includes(trial.verdict), `${trial.verdict}: ${said}`);
    if (row.reason !== undefined) assertEquals(trial.reason, row.reason);
    if (row.givenVerdict !== undefined) assertEquals(trial.givenVerdict, row.givenVerdict);
    assertMatch(said, row.says);
  });
}

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
    [["Adam", 1e-3, true], ["Adam", 1e-2, false], ["Adam", 1e-4, false], ["Adam", 3e-3, false]],
  );
  assertEquals(attempts.map(({ steps }) => steps), [5, 5, 5, 5]);
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
  const trial = await tryTraining(model, batch, { budgetSeconds: 0.01 });
  assert("skipped" in trial);
  assertMatch(
    trial.skipped,
    /^A trial of exercise would take some 1 s, more than its budget of 0.01 s \(budgetSeconds\)\.$/,
  );
  assert(trial.seconds > 0.01);
  assert("verdict" in await tryTraining(model, batch, { budgetSeconds: trial.seconds }));
  // Nothing is run where nothing can be learned.
  for (const layer of model.layers) layer.trainable = false;
  assert("verdict" in await tryTraining(model, batch, { budgetSeconds: 0 }));
});

Deno.test("tryTraining() gives up where a layer takes far longer than was estimated", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const slow = customLayer(tf, "slow", (x) => {
    const end = performance.now() + 30;
    while (performance.now() < end);
    return x.clone();
  });
  const dense = () => tf.layers.dense({ units: 1, inputShape: [20], kernelInitializer: "zeros" });
  const model = tf.sequential({ layers: [dense(), slow] });
  const { numTensors } = tf.memory();
  const { inputs, targets } = sums(tf);
  const trial = await tryTraining(model, { inputs, targets }, { budgetSeconds: 0.1 });
  assert("skipped" in trial);
  assertMatch(
    trial.skipped,
    /^The trial of sequential_\d+ was given up after 3 times its budget of 0.1 s: it was estimated to take 1 s\.$/,
  );
  tf.dispose([inputs, targets]);
  assertEquals(tf.memory().numTensors, numTensors);
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
  const refused = (options: unknown, message: string, kind: typeof Error = RangeError) =>
    assertRejects(() => tryTraining(model, batch, options as TrialOptions), kind, message);
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
  await assertRejects(
    () => tryTraining(model, { inputs, targets }, { objective: "meanSquaredError" }),
    RangeError,
    "batch.targets has shape [32, 3], expected [32, 1] for the objective meanSquaredError of an output of shape",
  );
});
