import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { LOSSES, measure } from "../../../src/entry/measure.ts";
import { type LossName, lossTraits } from "../../../src/ground/traits/losses.ts";
import { dense, leavesNoTensors, uniform } from "../../networks/small_models.ts";
import { assertRefusedLater } from "../../assert_refused.ts";

const { tf } = await startEngine();

Deno.test("measure() differentiates every loss of TensorFlow.js as fit would minimise it", async () => {
  const model = tf.sequential({
    layers: [dense(3, "sigmoid", { inputShape: [4] }), tf.layers.softmax()],
  });
  const inputs = uniform([6, 4]);
  const oneHot = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], "int32"), 3).toFloat();
  const classes = tf.tensor2d([0, 1, 2, 0, 1, 2], [6, 1]);
  for (const loss of LOSSES.filter((name) => lossTraits(name)!.from === "name")) {
    const targets = loss === "sparseCategoricalCrossentropy" ? classes : oneHot;
    model.compile({ optimizer: "sgd", loss });
    const expected = tf.tidy(() => (model.evaluate(inputs, targets) as Tensor).dataSync()[0]);
    const { objective, layers } = await measure(model, { inputs, targets }, { objective: loss });
    assertEquals(objective.name, loss);
    assertAlmostEquals(objective.value, expected, 1e-6 * Math.abs(expected), loss);
    assert(layers[0].weights[0].gradients!.rms > 0, loss);
  }
  tf.dispose([inputs, oneHot, classes]);
  model.dispose();
});

Deno.test("measure() sums the losses of several outputs, each with its own targets", async () => {
  const input = tf.input({ shape: [4] });
  const outputs = [1, 2].map((units) => dense(units).apply(input) as typeof input);
  const model = tf.model({ inputs: input, outputs });
  const inputs = uniform([6, 4]);
  const targets = [tf.zeros([6, 1]), tf.ones([6, 2])];
  const { objective } = await measure(model, { inputs, targets }, {
    objective: "meanSquaredError",
  });
  const expected = tf.tidy(() =>
    (model.predict(inputs) as Tensor[])
      .map((output, i) => output.sub(targets[i]).square().mean().dataSync()[0])
      .reduce((a, b) => a + b)
  );
  assertAlmostEquals(objective.value, expected, 1e-6);
  await assertRefusedLater(
    () => measure(model, { inputs, targets: targets[0] }, { objective: "meanSquaredError" }),
    { place: "batch", found: "targets for 1 of the model's outputs", expected: "them for all 2" },
  );
  tf.dispose([inputs, ...targets]);
  model.dispose();
});

Deno.test("measure() adds the layers' penalties on request only", async () => {
  const model = tf.sequential({
    layers: [
      dense(1, undefined, { inputShape: [4], kernelRegularizer: tf.regularizers.l2({ l2: 2 }) }),
    ],
  });
  const inputs = uniform([6, 4]);
  await leavesNoTensors(async () => {
    const without = await measure(model, { inputs });
    const withPenalties = await measure(model, { inputs }, { penalties: true });
    const kernel = without.layers[0].weights[0].values;
    assertAlmostEquals(
      withPenalties.objective.value - without.objective.value,
      2 * kernel.l2 ** 2,
      1e-5,
    );
  });
  model.dispose();
  inputs.dispose();
});

Deno.test("measure() counts an output as often as the model lists it", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const input = tf.input({ shape: [2] });
  const y = tf.layers.dense({ name: "y", units: 1, kernelInitializer: "ones" }).apply(input);
  const outputs = (count: number) => Array.from({ length: count }, () => y) as never[];
  const once = tf.model({ inputs: input, outputs: outputs(1), name: "once" });
  const twice = tf.model({ inputs: input, outputs: outputs(2), name: "twice" });
  const inputs = tf.tensor([[1, 2], [3, 4]]);
  const single = await measure(once, { inputs });
  const double = await measure(twice, { inputs });
  assertEquals([single.objective.value, double.objective.value], [10, 20]);
  const [{ activationGradients }] = double.layers.filter(({ name }) => name === "y");
  assertEquals(activationGradients?.mean, 2);
  inputs.dispose();
  once.dispose();
});

Deno.test("measure() describes the targets, and writes out the bias of a head", async () => {
  const model = tf.sequential({
    layers: [
      dense(3, "tanh", { inputShape: [4] }),
      dense(3, undefined, { biasInitializer: "ones" }),
    ],
  });
  const inputs = uniform([4, 4]);
  const oneHot = tf.oneHot(tf.tensor1d([0, 1, 1, 1], "int32"), 3).toFloat();
  const classes = tf.tensor2d([0, 1, 1, 1], [4, 1]);
  const dense2 = await measure(model, { inputs, targets: oneHot }, {
    objective: "meanSquaredError",
  });
  assertEquals(dense2.batch.targets![0].unitMeans, [0.25, 0.75, 0]);
  assertEquals(dense2.layers.map((layer) => layer.weights[1].entries), [null, [1, 1, 1]]);
  const sparse = await measure(model, { inputs, targets: classes }, {
    objective: "sparseCategoricalCrossentropy",
  });
  assertEquals(sparse.batch.targets![0].unitMeans, [0.25, 0.75, 0]);
  assertEquals((await measure(model, { inputs })).batch.targets, []);
  tf.dispose([inputs, oneHot, classes]);
  model.dispose();
});

Deno.test("measure() takes one number an example for a column of targets, as fit does", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [1], kernelInitializer: "ones" })],
  });
  const inputs = tf.tensor2d([[1], [2], [3], [4]]);
  const column = tf.tensor1d([1, 2, 3, 5]);
  const { objective } = await measure(model, { inputs, targets: column }, {
    objective: "meanSquaredError",
  });
  assertEquals(objective.value, 0.25);
  // Three numbers an example would be broadcast against one.
  const wide = tf.zeros([4, 3]);
  await assertRefusedLater(
    () => measure(model, { inputs, targets: wide }, { objective: "meanSquaredError" }),
    {
      place: "batch.targets",
      found: "shape [4, 3]",
      expected: "[4, 1] for the objective meanSquaredError of an output of shape [4, 1]",
    },
  );
  tf.dispose([inputs, column, wide]);
  model.dispose();
});

Deno.test("measure() takes classes for sparseCategoricalCrossentropy only", async () => {
  const model = tf.sequential({
    layers: [dense(3, undefined, { inputShape: [4] }), tf.layers.softmax()],
  });
  const inputs = uniform([4, 4]);
  const classes = tf.tensor1d([0, 1, 2, 1]);
  const sparse = "sparseCategoricalCrossentropy";
  assert(
    (await measure(model, { inputs, targets: classes }, { objective: sparse })).objective.value > 0,
  );
  await assertRefusedLater(
    () => measure(model, { inputs, targets: classes }, { objective: "categoricalCrossentropy" }),
    {
      place: "batch.targets",
      found: "shape [4]",
      expected: "[4, 3] for the objective categoricalCrossentropy of an output of shape [4, 3]",
    },
  );
  const rows = tf.tensor2d([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0], [4, 3]);
  const endOf = async (targets: Tensor, objective: LossName) => {
    const wrong = await assertRejects(() => measure(model, { inputs, targets }, { objective }));
    return (wrong as Error).message.replace(/^.* of shape \[4, 3\]/, "");
  };
  const ends = await Promise.all([
    endOf(classes, "categoricalCrossentropyFromLogits"),
    endOf(rows, sparse),
    endOf(classes, "meanSquaredError"),
    endOf(tf.zeros([4, 2]), "categoricalCrossentropy"),
  ]);
  assertEquals(ends, [
    ": sparseCategoricalCrossentropyFromLogits takes class numbers",
    ": categoricalCrossentropy takes one-hot rows",
    "",
    "",
  ]);
  tf.dispose([inputs, classes, rows]);
  model.dispose();
});

Deno.test("measure() takes classes of a single unit, whose loss has no gradient", async () => {
  for (
    const objective of [
      "sparseCategoricalCrossentropy",
      "sparseCategoricalCrossentropyFromLogits",
    ] as const
  ) {
    const model = tf.sequential({
      layers: [dense(1, undefined, { inputShape: [4] }), tf.layers.softmax()],
    });
    const inputs = uniform([4, 4]);
    for (const last of [0, 1]) {
      const targets = tf.tensor1d([0, 0, 0, last]);
      const { objective: { value }, layers } = await measure(model, { inputs, targets }, {
        objective,
      });
      // -log(1 - 1e-7), as Keras clips the only share, for each example of class 0.
      assertAlmostEquals(value, 0, 2e-7);
      assertEquals(layers[0].weights[0].gradients!.rms, 0);
      targets.dispose();
    }
    inputs.dispose();
    model.dispose();
  }
});
