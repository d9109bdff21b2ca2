import { InputError } from "../../src/words/input_error.ts";
import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/mod.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { measure } from "../../src/measure/measure.ts";
import type { MeasureOptions } from "../../src/measure/measure_options.ts";
import { randomBatch } from "../../src/model/batches/random_batch.ts";
import { randomTargets } from "../../src/model/batches/random_targets.ts";

const LABELS = Array.from({ length: 32 }, (_, i) => i % 7);

/** A network of one hidden layer whose outputs end in the given activations. */
function network(tf: TensorFlow, ...heads: ("softmax" | "sigmoid" | "linear")[]): LayersModel {
  const input = tf.input({ shape: [16] });
  const kernel = (seed: number) => tf.initializers.glorotNormal({ seed });
  const hidden = tf.layers.dense({ units: 8, activation: "tanh", kernelInitializer: kernel(1) })
    .apply(input) as typeof input;
  const outputs = heads.map((activation, i) =>
    tf.layers.dense({ name: `out${i}`, units: 7, activation, kernelInitializer: kernel(i + 2) })
      .apply(hidden) as typeof input
  );
  return tf.model({ inputs: input, outputs });
}

type Case = (context: {
  tf: TensorFlow;
  of: (model: LayersModel, targets?: Tensor | Tensor[], options?: MeasureOptions) => ReturnType<
    typeof measure
  >;
}) => Promise<void>;

/** Runs a case, and makes sure that what it measured left no tensor behind. */
function test(name: string, run: Case) {
  Deno.test(name, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    await run({
      tf,
      async of(model, targets, options) {
        const { inputs } = randomBatch(model, { seed: 3 });
        const before = tf.memory().numTensors;
        try {
          return await measure(model, { inputs, targets, seed: 3 }, options);
        } finally {
          assertEquals(tf.memory().numTensors, before);
          tf.dispose(inputs);
        }
      },
    });
  });
}

test("measure() takes class numbers of whole or real numbers, in a row or a column, for the same", async ({ tf, of }) => {
  const objective = "sparseCategoricalCrossentropy";
  const model = network(tf, "softmax");
  const oneHot = tf.oneHot(tf.tensor1d(LABELS, "int32"), 7);
  const { objective: { value } } = await of(model, oneHot, {
    objective: "categoricalCrossentropy",
  });
  for (const dtype of ["int32", "float32"] as const) {
    for (const shape of [[32], [32, 1]]) {
      const found = await of(model, tf.tensor(LABELS, shape, dtype), { objective });
      assertAlmostEquals(found.objective.value, value, 1e-6);
      const classes = { units: 7, least: 0, most: 6, fractions: 0 };
      assertEquals(found.batch.targets![0].classes, classes);
    }
  }
  const steps = tf.sequential({
    layers: [tf.layers.dense({ units: 7, activation: "softmax", inputShape: [5, 4] })],
  });
  const labels = tf.tensor(LABELS.flatMap((label) => Array(5).fill(label)), [32, 5], "int32");
  const found = await of(steps, labels, { objective });
  assertEquals(found.batch.targets![0].classes!.most, 6);
});

test("measure() counts class numbers that are out of range, no whole number or NaN", async ({ tf, of }) => {
  const targets = tf.tensor1d(LABELS.map((label) => label === 3 ? NaN : label + 0.5));
  const objective = "sparseCategoricalCrossentropy";
  const found = await of(network(tf, "softmax"), targets, { objective });
  const classes = { units: 7, least: 0.5, most: 6.5, fractions: 32 };
  assertEquals(found.batch.targets![0].classes, classes);
});

test("measure() takes whole numbers as targets of any loss for the same numbers", async ({ tf, of }) => {
  const model = network(tf, "sigmoid");
  const ones = tf.oneHot(tf.tensor1d(LABELS, "int32"), 7);
  for (const objective of ["kullbackLeiblerDivergence", "meanSquaredLogarithmicError"] as const) {
    const whole = await of(model, ones, { objective });
    const real = await of(model, ones.toFloat(), { objective });
    assertEquals(whole.objective, real.objective);
  }
});

test("measure() takes the loss that the model was compiled with", async ({ tf, of }) => {
  const oneHot = tf.oneHot(tf.tensor1d(LABELS, "int32"), 7).toFloat();
  for (
    const model of [
      network(tf, "softmax"),
      tf.sequential({ layers: network(tf, "softmax").layers }),
    ]
  ) {
    model.compile({ optimizer: "sgd", loss: "categoricalCrossentropy" });
    const { objective } = await of(model, oneHot);
    assertEquals(objective.chosenBy, "compiled");
    const asked = await of(model, oneHot, { objective: "categoricalCrossentropy" });
    assertEquals(asked.objective, { name: "categoricalCrossentropy", value: objective.value });
    const sum = await of(model, oneHot, { objective: "sum" });
    assertEquals(sum.objective.name, "sum");
  }
  const linear = network(tf, "linear");
  linear.compile({ optimizer: "sgd", loss: tf.losses.softmaxCrossEntropy });
  assertEquals((await of(linear, oneHot)).objective.name, "softmaxCrossEntropy");
  // Without targets it is evaluated on random ones, and the measurements say so.
  const { name, chosenBy, randomTargets } = (await of(linear)).objective;
  assertEquals([name, chosenBy, randomTargets], ["softmaxCrossEntropy", "compiled", true]);
  const own = (labels: Tensor, outputs: Tensor) =>
    tf.mean(tf.mul(100, tf.squaredDifference(labels, outputs)));
  linear.compile({ optimizer: "sgd", loss: own as never });
  assertEquals((await of(linear)).objective.name, "own");
});

test("measure() adds up the losses of several outputs, by name, in a list or one for all", async ({ tf, of }) => {
  const model = network(tf, "softmax", "linear");
  const targets = [tf.oneHot(tf.tensor1d(LABELS, "int32"), 7).toFloat(), tf.ones([32, 7])];
  const losses = ["categoricalCrossentropy", "meanSquaredError"];
  const values: number[] = [];
  for (const loss of [losses, { out1: losses[1], out0: losses[0] }]) {
    model.compile({ optimizer: "sgd", loss });
    const { objective } = await of(model, targets);
    assertEquals(objective.name, "categoricalCrossentropy + meanSquaredError");
    values.push(objective.value);
  }
  assertEquals(values[0], values[1]);
  const asked = await of(model, targets, {
    objective: ([classes, numbers], [labels, goals]) =>
      tf.add(
        tf.mean(tf.metrics.categoricalCrossentropy(labels, classes)),
        tf.mean(tf.metrics.meanSquaredError(goals, numbers)),
      ),
  });
  assertAlmostEquals(asked.objective.value, values[0], 1e-5);
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  assertEquals((await of(model, targets)).objective.name, "meanSquaredError");
});

test("measure() draws targets for a compiled loss that finds none, from the seed of the batch", async ({ tf, of }) => {
  const model = network(tf, "linear");
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const { objective } = await of(model);
  assertEquals([objective.chosenBy, objective.randomTargets], ["compiled", true]);
  const drawn = [randomTargets(model, "meanSquaredError", { seed: 3 })].flat();
  assertEquals((await of(model, drawn)).objective.value, objective.value);
});

test("measure() takes the loss that fits where the outputs always add up to the same, else the sum", async ({ tf, of }) => {
  const softmax = await of(network(tf, "softmax"));
  const { name, chosenBy, randomTargets } = softmax.objective;
  assertEquals([name, chosenBy, randomTargets], ["categoricalCrossentropy", "head", true]);
  assertEquals(softmax.layers.every(({ weights }) => weights[0].gradients!.maxAbs > 1e-4), true);
  const sigmoid = await of(network(tf, "sigmoid"));
  assertEquals(Object.keys(sigmoid.objective), ["name", "value"]);
  assertEquals(sigmoid.objective.name, "sum");
  const both = await of(network(tf, "softmax", "sigmoid"));
  assertEquals(both.objective.name, "categoricalCrossentropy + binaryCrossentropy");
  const normalised = tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, inputShape: [16] }),
      tf.layers.layerNormalization(),
    ],
  });
  assertEquals((await of(normalised)).objective.name, "meanSquaredError");
  const labels = await of(network(tf, "softmax"), tf.tensor1d(LABELS, "int32"));
  assertEquals(labels.objective.name, "sparseCategoricalCrossentropy");
  assertEquals(labels.objective.randomTargets, undefined);
  const unfit = await of(network(tf, "softmax"), tf.ones([32, 3]));
  assertEquals(unfit.objective.randomTargets, true);
});

test("measure() refuses targets that do not suit the compiled loss", async ({ tf, of }) => {
  const model = network(tf, "softmax");
  model.compile({ optimizer: "sgd", loss: "categoricalCrossentropy" });
  const labels = tf.tensor1d(LABELS, "int32");
  await assertRejects(
    () => of(model, labels),
    InputError,
    "batch.targets has shape [32], expected [32, 7] for the objective categoricalCrossentropy of an output of",
  );
});
