import { InputError } from "../../../src/ground/words/input_error.ts";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { startEngine, type Tensor } from "../../../src/engine/mod.ts";
import {
  gradients,
  type GradientsOptions,
  measure,
  MeasureError,
} from "../../../src/entry/measure.ts";
import { exerciseModel, getWeights, randomBatch } from "../../../src/entry/model.ts";
import { dense, leavesNoTensors, models, small, uniform } from "../../networks/small_models.ts";
import { assertRefusedLater } from "../../assert_refused.ts";

const { tf } = await startEngine();

Deno.test("gradients() gives the tensors that measure() sums up, of every trained weight", async () => {
  for (const [name, create] of Object.entries(models)) {
    const model = create(tf);
    const batch = randomBatch(model, { examples: 6, seed: 3 });
    using found = await gradients(model, batch, {
      objective: "sum",
      batchNormalization: "inference",
    });
    const variables = model.trainableWeights.map((weight) => weight.read() as unknown as Tensor);
    assertEquals(found.length, variables.length, name);
    const { layers } = await measure(model, batch, {
      objective: "sum",
      batchNormalization: "inference",
    });
    const measured = new Map(
      layers.flatMap(({ weights }) => weights).map((one) => [one.name, one]),
    );
    for (const { name: weight, tensor } of found) {
      const { gradients: figures, shape } = measured.get(weight)!;
      assertEquals(tensor.shape, shape, weight);
      const values = Array.from(tensor.dataSync());
      const sum = values.reduce((total, value) => total + Math.abs(value), 0);
      assertAlmostEquals(sum / values.length, figures?.meanAbs ?? 0, 1e-6 * (1 + sum), weight);
    }
    tf.dispose(batch as unknown as Tensor[]);
    model.dispose();
  }
});

Deno.test("gradients() has the bits of tf.variableGrads", async () => {
  const model = small();
  const inputs = uniform([7, 4]);
  const { grads } = tf.variableGrads(() => (model.predict(inputs) as Tensor).sum().asScalar());
  using found = await gradients(model, { inputs }, { objective: "sum" });
  const stock = model.trainableWeights.map((weight) => grads[(weight.read() as Variable).name]);
  assertEquals(found.map(({ tensor }) => tensor.dataSync()), stock.map((one) => one.dataSync()));
  tf.dispose([grads as unknown as Tensor, inputs]);
  model.dispose();
});

type Variable = ReturnType<typeof tf.variable>;

Deno.test("gradients() differentiates by what is asked for: a layer, a weight, a class, a pattern", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv1d({ name: "conv", filters: 2, kernelSize: 2, inputShape: [5, 3] }),
      tf.layers.flatten({ name: "flat" }),
      dense(4, "tanh", { name: "hidden" }),
      dense(1, undefined, { name: "Dense" }),
    ],
  });
  const batch = randomBatch(model, { examples: 2 });
  const namesOf = async (of: GradientsOptions) => {
    using found = await gradients(model, batch, of);
    return found.map(({ name }) => name);
  };
  assertEquals(await namesOf({ of: "hidden" }), ["hidden/kernel", "hidden/bias"]);
  assertEquals(await namesOf({ of: "conv/bias" }), ["conv/bias"]);
  assertEquals(await namesOf({ of: "Conv1D/kernel" }), ["conv/kernel"]);
  assertEquals(await namesOf({ of: /kernel$/g }), ["conv/kernel", "hidden/kernel", "Dense/kernel"]);
  assertEquals(await namesOf({ of: ["hidden/bias", /^conv/] }), [
    "conv/kernel",
    "conv/bias",
    "hidden/bias",
  ]);
  // A layer that is called like a class comes before the class.
  assertEquals(await namesOf({ of: "Dense" }), ["Dense/kernel", "Dense/bias"]);
  tf.dispose(batch.inputs);
  model.dispose();
});

Deno.test("gradients() takes all layers of a nested model by its name", async () => {
  const inner = tf.sequential({ name: "inner", layers: [dense(4, "tanh", { inputShape: [4] })] });
  const model = tf.sequential({ layers: [inner, dense(1)] });
  const batch = randomBatch(model, { examples: 2 });
  using found = await gradients(model, batch, { of: "inner" });
  assertEquals(found.map(({ layer, className }) => [layer, className]), [
    ["inner/dense_1", "Dense"],
    ["inner/dense_1", "Dense"],
  ]);
  tf.dispose(batch.inputs);
  model.dispose();
});

Deno.test("gradients() of a weight that the objective does not depend on are 0, of a frozen one there are none", async () => {
  const input = tf.input({ shape: [3] });
  const used = dense(2, undefined, { name: "used" });
  const unused = dense(2, undefined, { name: "unused" });
  const frozen = dense(2, undefined, { name: "frozen", trainable: false });
  const symbols = [used, unused].map((layer) => layer.apply(frozen.apply(input)) as typeof input);
  const model = tf.model({ inputs: input, outputs: symbols });
  const batch = { inputs: uniform([4, 3]) };
  using found = await gradients(model, batch, {
    objective: ([first]: Tensor[]) => first.sum(),
  });
  const names = ["used/kernel", "used/bias", "unused/kernel", "unused/bias"];
  assertEquals(found.map(({ name }) => name), names);
  assertEquals([...found[2].tensor.dataSync()], Array(4).fill(0));
  assert(found[0].tensor.dataSync().some((value) => value !== 0));
  const error = await assertRejects(() => gradients(model, batch, { of: "frozen" }), InputError);
  assertEquals(
    error.message,
    'options.of has "frozen", expected the name or the class of a layer with weights that are trained',
  );
  tf.dispose(batch.inputs);
  model.dispose();
});

Deno.test("gradients() leaves the model as it was, and no tensor but those that it returns", async () => {
  const model = models["a dense net with separate activations"](tf);
  const batch = randomBatch(model, { examples: 8 });
  const before = getWeights(model);
  await leavesNoTensors(async () => {
    const found = await gradients(model, batch, { batchNormalization: "training" });
    assertEquals(found.length, model.trainableWeights.length);
    found[Symbol.dispose]();
    // A second time, as tf.dispose() allows it.
    found[Symbol.dispose]();
  });
  await leavesNoTensors(async () => {
    tf.dispose(await gradients(model, batch) as unknown as Tensor[]);
  });
  assertEquals(getWeights(model), before);
  tf.dispose(batch as unknown as Tensor[]);
  model.dispose();
});

Deno.test("gradients() leaves no tensor where it throws in the middle of the backward pass", async () => {
  class Refuses extends tf.layers.Layer {
    static className = "Refuses";
    override call(inputs: Tensor | Tensor[]): Tensor {
      const x = [inputs].flat()[0];
      return tf.customGrad((given) => ({
        value: (given as Tensor).clone(),
        gradFunc: () => {
          throw new Error("no way back");
        },
      }))(x) as Tensor;
    }
  }
  const model = tf.sequential({
    layers: [dense(3, "tanh", { inputShape: [4] }), new Refuses({ name: "wall" }), dense(1)],
  });
  const batch = { inputs: uniform([2, 4]) };
  await leavesNoTensors(async () => {
    const error = await assertRejects(() => gradients(model, batch), MeasureError);
    assert(error.message.includes("no way back"), error.message);
  });
  tf.dispose(batch.inputs);
  model.dispose();
});

Deno.test("gradients() refuses what it cannot choose, in one sentence", async () => {
  const model = exerciseModel({ depth: 2, width: 3 });
  const batch = randomBatch(model);
  const weights = "a layer with weights that are trained";
  const layer = `the name or the class of ${weights}`;
  const kinds = "a name, a RegExp, or an array of them";
  const refused: [of: unknown, place: string, found: string, expected: string][] = [
    ["dense_9", "options.of", '"dense_9"', layer],
    ["Conv2D", "options.of", '"Conv2D"', layer],
    [[], "options.of", "an empty array", layer],
    [/bias_/, "options.of", "/bias_/", `a pattern that the name of ${weights} matches`],
    [7, "options.of", "7", kinds],
    [null, "options.of", "null", kinds],
    [["dense_1", 7], "options.of[1]", "7", "a name or a RegExp"],
  ];
  await leavesNoTensors(async () => {
    for (const [of, place, found, expected] of refused) {
      const parts = { place, found, expected };
      await assertRefusedLater(() => gradients(model, batch, { of } as object), parts);
    }
    const error = await assertRejects(
      () => gradients(model, batch, { histograms: true } as object),
      TypeError,
    );
    assertEquals(
      error.message,
      'gradients has no option "histograms", expected one of of, objective, batchNormalization, penalties',
    );
  });
  tf.dispose(batch.inputs);
  model.dispose();
});
