import { assert, assertEquals, assertMatch } from "@std/assert";
import { describeTrial } from "../../../src/core/rules/describe_trial.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { Batch } from "../../../src/core/model/batches/batch.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import type { Trial } from "../../../src/core/probe/trial.ts";
import { classes, classifier, sums } from "../../networks/trained_models.ts";
import { compiled, healthy, houses, tried } from "./tried.ts";

interface Row {
  model: (tf: TensorFlow) => LayersModel;
  batch?: (tf: TensorFlow) => Batch;
  verdict: Trial["verdict"] | Trial["verdict"][];
  givenVerdict?: Trial["givenVerdict"];
  reason?: Trial["reason"];
  /** Meaning of the sentence. */
  says: RegExp;
}

const l2 = (tf: TensorFlow, l2: number) =>
  classifier(tf, { hidden: { kernelRegularizer: tf.regularizers.l2({ l2 }) } });

const ROWS: Record<string, Row> = {
  "a healthy classifier of 10 layers": {
    model: (tf) => classifier(tf, { depth: 10 }),
    verdict: "learns",
    reason: null,
    says: /^in \d+ steps of Adam at a rate of 0.003, the loss falls from 2.\d+ to [01].\d+$/,
  },
  "a healthy regression": {
    model: healthy,
    batch: sums,
    verdict: "learns",
    says: /, the loss falls from/,
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
    says: /^7 of 11 layers hardly change: in 40 steps of Adam at 3 rates, .*$/,
  },
  "relu layers behind a bias of -10": {
    model: (tf) =>
      classifier(tf, { hidden: { biasInitializer: tf.initializers.constant({ value: -10 }) } }),
    verdict: "fails",
    reason: "still layers",
    says: /^4 of 4 layers hardly change: .*, which is no better than guessing$/,
  },
  "a network of zeros": {
    model: (tf) => {
      const zeros = { kernelInitializer: "zeros" };
      return classifier(tf, { hidden: zeros, head: zeros });
    },
    verdict: "fails",
    reason: "still layers",
    says: /which is no better than guessing/,
  },
  "a dropout of 0.2": {
    model: (tf) => classifier(tf, { dropout: 0.2 }),
    verdict: "learns",
    says: /falls/,
  },
  "a dropout of 0.95": {
    model: (tf) => classifier(tf, { dropout: 0.95 }),
    verdict: ["slow", "fails"],
    says: /^in up to \d+ steps of Adam at 3 rates, the loss .*, where guessing gives 2.2$/,
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
    says: /the loss stays at 4\.\d+e10, where guessing gives \d/,
  },
  "a compiled rate of 50": {
    model: (tf) => compiled(healthy(), { optimizer: tf.train.sgd(50), loss: "meanSquaredError" }),
    batch: sums,
    verdict: "learns",
    givenVerdict: "fails",
    says:
      /^in \d+ steps of SGD at a rate of 50, the loss is not finite after \d+ steps; in \d+ steps of Adam at a rate of 0.003, the loss falls/,
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
    says: /^in \d+ steps of SGD at a rate of 0.1, the loss falls/,
  },
  "class numbers": {
    model: (tf) =>
      compiled(classifier(tf), { optimizer: "adam", loss: "sparseCategoricalCrossentropy" }),
    batch(tf) {
      const { inputs, labels } = classes(tf);
      return { inputs, targets: labels };
    },
    verdict: "learns",
    says: /^in \d+ steps of Adam/,
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
    says: /^in \d+ steps of RMSProp at a rate of 0.001, the loss falls/,
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

Deno.test("tryTraining() tries plain descent on a linear regression that is not compiled, which Adam does not solve", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  // Targets such as the prices of houses in thousands: a mean of 22, which Adam approaches by its
  // rate in each step.
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [20] })] });
  const { inputs, targets: raw } = sums(tf);
  const targets = tf.tidy(() => tf.add(22, tf.mul(raw, 5)));
  const trial = await tried(model, { inputs, targets }, { objective: "meanSquaredError" });
  assertEquals(trial.verdict, "learns");
  const verdicts = trial.attempts.map(({ optimizer, verdict }) => `${optimizer} ${verdict}`);
  assertEquals(verdicts, ["Adam fails", "Adam fails", "Adam fails", "SGD learns"]);
  const deep = classifier(tf);
  const given = await tried(deep, { inputs }, { steps: 1 });
  assertEquals(given.attempts.some(({ optimizer }) => optimizer === "SGD"), false);
  tf.dispose([inputs, targets, raw]);
});
