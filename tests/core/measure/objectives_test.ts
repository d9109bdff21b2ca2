import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { TensorFlow } from "../../../src/engine/mod.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Tensor } from "../../../src/engine/tensorflow.ts";
import { type Batch, BatchError } from "../../../src/entry/model.ts";
import { chooseLoss } from "../../../src/core/measure/choose_objective.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type { MeasureOptions } from "../../../src/core/measure/measure_options.ts";
import {
  nearestObjective,
  requireTargetsFor,
} from "../../../src/core/measure/require_objective.ts";
import { randomBatch, randomTargets } from "../../../src/core/model/batches/random_batch.ts";
import type { Objective } from "../../../src/core/model/objective.ts";
import { assertRefused, assertRefusedLater, parts } from "../../assert_refused.ts";

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
  await assertRefusedLater(
    () => of(model, labels),
    {
      place: "batch.targets",
      found: "shape [32]",
      expected: "[32, 7] for the objective categoricalCrossentropy of an output of shape [32, 7]",
    },
  );
});

const engine = await startEngine();
const { tf } = engine;

function lossNetwork(activation: "linear" | "sigmoid" | "softmax"): LayersModel {
  return tf.sequential({ layers: [tf.layers.dense({ units: 3, activation, inputShape: [4] })] });
}

/** Returns the chosen loss, the reason, and true if its evaluation draws targets. */
function chosen(model: LayersModel, given?: Objective, targets: Tensor[] | null = null) {
  const choice = chooseLoss(tf, model, { objective: given, targets, seed: 1 });
  tf.tidy(() => void choice.objective.evaluate([model.predict(tf.ones([8, 4])) as Tensor]));
  const { objective: { name }, chosenBy, drawn } = choice;
  tf.dispose(drawn ?? []);
  return [name, chosenBy, drawn !== null];
}

const labels = tf.zeros([8, 1]), rows = tf.zeros([8, 3]), odd = tf.zeros([8, 5]);

Deno.test("chooseLoss() takes the loss that fits the head, and never the sum", () => {
  for (const given of [undefined, "sum"] as const) {
    assertEquals(chosen(lossNetwork("linear"), given), ["meanSquaredError", "head", true]);
    assertEquals(chosen(lossNetwork("sigmoid"), given), ["binaryCrossentropy", "head", true]);
    assertEquals(chosen(lossNetwork("softmax"), given), ["categoricalCrossentropy", "head", true]);
  }
});

Deno.test("chooseLoss() takes the targets of the batch where they suit the head", () => {
  const softmax = lossNetwork("softmax");
  assertEquals(chosen(lossNetwork("linear"), undefined, [rows]), [
    "meanSquaredError",
    "head",
    false,
  ]);
  assertEquals(chosen(softmax, undefined, [labels]), [
    "sparseCategoricalCrossentropy",
    "head",
    false,
  ]);
  assertEquals(chosen(softmax, undefined, [odd]), ["categoricalCrossentropy", "head", true]);
  assertEquals(chosen(softmax, undefined, [rows, rows]), ["categoricalCrossentropy", "head", true]);
});

Deno.test("chooseLoss() takes the compiled loss before that of the head", () => {
  const model = lossNetwork("linear");
  model.compile({ optimizer: "sgd", loss: "meanAbsoluteError" });
  assertEquals(chosen(model), ["meanAbsoluteError", "compiled", true]);
  assertEquals(chosen(model, undefined, [rows]), ["meanAbsoluteError", "compiled", false]);
});

Deno.test("chooseLoss() takes what is asked for before all else, and draws its targets", () => {
  const model = lossNetwork("linear");
  model.compile({ optimizer: "sgd", loss: "meanAbsoluteError" });
  assertEquals(chosen(model, "logcosh"), ["logcosh", null, true]);
  assertEquals(chosen(model, "logcosh", [rows]), ["logcosh", null, false]);
  const square = ([output]: Tensor[]) => tf.mean(tf.square(output));
  assertEquals(chosen(model, square), ["square", null, false]);
  assertRefused(
    () => chosen(model, "mse" as Objective),
    parts(
      "options.objective",
      '"mse"',
      '"sum", a function, or one of meanSquaredError, meanAbsoluteError, meanAbsolutePercentageError, meanSquaredLogarithmicError, squaredHinge, hinge, categoricalHinge, logcosh, huber, categoricalCrossentropy, categoricalCrossentropyFromLogits, sparseCategoricalCrossentropy, sparseCategoricalCrossentropyFromLogits, categoricalFocalCrossentropy, categoricalFocalCrossentropyFromLogits, binaryCrossentropy, binaryCrossentropyFromLogits, binaryFocalCrossentropy, binaryFocalCrossentropyFromLogits, kullbackLeiblerDivergence, poisson, cosineProximity, dice, tversky, cross_entropy, nll_loss, mse_loss, l1_loss, smooth_l1_loss, huber_loss, bce_loss, bce_with_logits, kl_div, poisson_nll_loss, soft_margin_loss, multilabel_soft_margin_loss, multi_margin_loss, hinge_embedding_loss',
    ),
  );
});

Deno.test("nearestObjective() knows what losses are called elsewhere, and other spellings", () => {
  const meant = (name: string) => nearestObjective(name).match(/"(.*)"/)?.[1] ?? null;
  assertEquals(
    ["mse", "MAE", "bce", "crossentropy", "KLDiv", "mean_squared_error", "meanSquareError", "summ"]
      .map(meant),
    [
      "meanSquaredError",
      "meanAbsoluteError",
      "binaryCrossentropy",
      "categoricalCrossentropy",
      "kl_div",
      "meanSquaredError",
      "meanSquaredError",
      "sum",
    ],
  );
  assertEquals(["CrossEntropyLoss", "nn.MSELoss"].map(meant), ["cross_entropy", "mse_loss"]);
  assertEquals(["focal", "constructor"].map(meant), [null, null]);
});

Deno.test("requireTargetsFor() requires targets for a loss, and says how the batch gets them", () => {
  const none = [undefined, null].map((targets) => ({ inputs: {}, targets }) as unknown as Batch);
  const some = { inputs: {}, targets: {} } as unknown as Batch;
  assertEquals(requireTargetsFor(some, "hinge", "a.json"), some);
  const fixes = {
    "a.json": 'add "targets" to it',
    "a.JSON": 'add "targets" to it',
    "a.ts": "let createBatch return { inputs, targets }",
    "a.npy": "use an .npz with x and y, or a .csv whose last column is called label",
    "json": "use an .npz with x and y, or a .csv whose last column is called label",
  };
  for (const batch of none) {
    for (const objective of [undefined, "sum", () => ({})] as const) {
      assertEquals(requireTargetsFor(batch, objective as "sum", "a.json"), batch);
    }
    for (const [file, fix] of Object.entries(fixes)) {
      assertEquals(
        assertThrows(() => requireTargetsFor(batch, "hinge", file), BatchError).message,
        `${file}: the batch has no targets, expected those that the objective hinge needs: ${fix}`,
      );
    }
  }
});
