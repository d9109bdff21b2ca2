import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { Fix } from "../../../src/core/diagnosis/fix.ts";
import type { Layer, LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import {
  applyFix,
  applyFixes,
  type FixSubject,
} from "../../../src/core/diagnosis/examine/apply_fixes.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import { getWeights } from "../../../src/core/model/weights/model_weights.ts";
import { assertRefused, parts } from "../../assert_refused.ts";

const weight = (name: string) => ({ layer: name.split("/")[0], weight: name });

Deno.test("applyFixes() changes the weights that the fixes name, and no other bit", async () => {
  await using engine = await startEngine();
  const model = exerciseModel({ width: 5, depth: 4 });
  const before = getWeights(model);
  const { numTensors } = engine.tf.memory();
  const head: Fix = { kind: "head", layer: "dense_5", activation: "softmax", loss: null };
  const { changed, left } = applyFixes(model, [
    {
      kind: "rescale",
      weights: [{ ...weight("dense_2/kernel"), factor: 0.25 }],
      initializer: null,
    },
    head,
    { kind: "redraw", weights: [{ ...weight("dense_3/kernel"), std: 2 }], initializer: "heNormal" },
    { kind: "set-bias", weights: [weight("dense_4/bias")], value: 7 },
    { kind: "rescale", weights: [{ ...weight("dense_2/kernel"), factor: 2 }], initializer: null },
  ]);
  assertEquals(engine.tf.memory().numTensors, numTensors);
  assertEquals(changed, ["dense_2/kernel", "dense_3/kernel", "dense_4/bias"]);
  assertEquals(left, [head]);
  const after = getWeights(model);
  assertEquals(
    after["dense_2/kernel"].values,
    before["dense_2/kernel"].values.map((value) => value / 2),
  );
  assertEquals([...after["dense_4/bias"].values], [7, 7, 7, 7, 7]);
  assertEquals(after["dense_3/kernel"].values.some((value) => Math.abs(value) > 20), false);
  for (const name of Object.keys(before).filter((name) => !changed.includes(name))) {
    assertEquals(after[name], before[name]);
  }
  model.dispose();
});

Deno.test("applyFixes() changes nothing where a fix is not for the model or no fix", async () => {
  await using _engine = await startEngine();
  const model = exerciseModel({ width: 5, depth: 1 });
  const before = getWeights(model);
  const first: Fix = { kind: "set-bias", weights: [weight("dense_1/bias")], value: 7 };
  assertRefused(
    () => applyFixes(model, [first, { ...first, weights: [weight("dense_9/bias")] }]),
    { place: "The fixes", found: 'a weight "dense_9/bias"', expected: "one that the model has" },
  );
  const spoilt = { kind: "rescale", weights: [weight("dense_1/kernel")] } as unknown as Fix;
  assertRefused(
    () => applyFixes(model, [first, spoilt]),
    parts("fixes[1].weights[0].factor", "undefined", "a number"),
  );
  assertEquals(getWeights(model), before);
  model.dispose();
});

/** A compiled network with a dropout, a frozen layer under a penalty, and a softmax head. */
function network(tf: TensorFlow): LayersModel {
  const { dense, dropout } = tf.layers;
  const kernelRegularizer = tf.regularizers.l2({ l2: 0.5 });
  const model = tf.sequential({
    layers: [
      dense({
        name: "first",
        units: 60,
        activation: "relu",
        inputShape: [60],
        kernelInitializer: tf.initializers.randomNormal({ stddev: 0.2, seed: 1 }),
      }),
      dropout({ name: "drop", rate: 0.5 }),
      dense({ name: "frozen", units: 60, activation: "relu", kernelRegularizer, trainable: false }),
      tf.layers.activation({ name: "apart", activation: "relu" }),
      dense({ name: "head", units: 3, activation: "softmax" }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(0.1), loss: "categoricalCrossentropy" });
  return model;
}

/** Returns the penalties of a layer's weights. */
const penaltiesOf = (tf: TensorFlow, { losses }: Layer): number[] =>
  losses.map((loss) => tf.tidy(() => (loss as unknown as () => Tensor)().dataSync()[0]));

/**
 * Applies a fix to {@linkcode network}, looks at the result, and checks that `undo()` restores the
 * model bit by bit and frees every tensor.
 */
async function withFix(
  fix: Fix,
  look: (fixed: FixSubject, subject: FixSubject, tf: TensorFlow) => void,
  batchOf = (tf: TensorFlow): FixSubject["batch"] => ({
    inputs: tf.randomNormal([5, 60], 3, 2, "float32", 1),
  }),
) {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = network(tf);
  const batch = batchOf(tf);
  const subject: FixSubject = { model, batch, objective: "categoricalCrossentropy" };
  const state = () => ({
    weights: getWeights(model),
    layers: model.layers.map((layer) => ({ ...layer.getConfig(), trainable: layer.trainable })),
    losses: model.layers.map((layer) => penaltiesOf(tf, layer)),
    rate: (model.optimizer as unknown as { learningRate: number }).learningRate,
  });
  const before = state();
  const { numTensors } = tf.memory();
  const fixed = applyFix(tf, subject, fix);
  if (fixed === null) look(null as never, subject, tf);
  else {
    tf.tidy(() => look(fixed.subject, subject, tf));
    fixed.undo();
  }
  assertEquals(tf.memory().numTensors, numTensors);
  assertEquals(state(), before);
}

const isRefused = (fixed: FixSubject | null) => assertEquals(fixed, null);
const valuesOf = ({ model }: FixSubject, name: string) => [...getWeights(model)[name].values];
const layerOf = ({ model }: FixSubject, name: string) =>
  model.getLayer(name) as unknown as Record<string, unknown>;

Deno.test("applyFix() draws weights again by an initialiser, each from its own seed", async () => {
  const draw = async (initializer: string) => {
    let drawn: number[][] = [];
    const weights = ["first/kernel", "frozen/kernel"].map((name) => ({
      ...weight(name),
      std: 0.2,
    }));
    await withFix({ kind: "redraw", weights, initializer }, (fixed) => {
      drawn = weights.map(({ weight }) => valuesOf(fixed, weight));
    });
    return drawn;
  };
  for (const [initializer, least, most] of [["heUniform", 0.33, 0.3465], ["heNormal", 0.5, 1.2]]) {
    const drawn = await draw(initializer as string);
    assertEquals(drawn, await draw(initializer as string));
    assert(drawn[0].some((value, i) => value !== drawn[1][i]));
    for (const values of drawn) {
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      const square = values.reduce((sum, x) => sum + x ** 2, 0) / values.length;
      assertAlmostEquals(mean, 0, 0.02);
      assertAlmostEquals(Math.sqrt(square), 0.2, 0.01);
      const largest = Math.max(...values.map(Math.abs));
      assert(largest > Number(least) && largest < Number(most), `${initializer}: ${largest}`);
    }
  }
});

Deno.test("applyFix() rescales weights and sets biases, and refuses weights that the model lacks", async () => {
  const rescale = (...names: string[]): Fix => ({
    kind: "rescale",
    weights: names.map((name) => ({ ...weight(name), factor: 2 })),
    initializer: null,
  });
  const squareOf = (subject: FixSubject) =>
    valuesOf(subject, "first/kernel").reduce((sum, x) => sum + x ** 2, 0);
  await withFix(rescale("first/kernel"), (fixed) => {
    assertAlmostEquals(squareOf(fixed) / 3600, 0.4 ** 2, 0.01);
  });
  await withFix({ kind: "set-bias", weights: [weight("head/bias")], value: 7 }, (fixed) => {
    assertEquals(valuesOf(fixed, "head/bias"), [7, 7, 7]);
  });
  await withFix(rescale("first/kernel", "other/kernel"), isRefused);
});

Deno.test("applyFix() normalises the batch by its own figures, without changing it", async () => {
  const input = (index: number, each?: { axes: number[] }) =>
    ({ kind: "normalize-input", input: "x", index, mean: 3, std: 2, each }) as unknown as Fix;
  await withFix(input(0), (fixed, { batch }, tf) => {
    const expected = tf.div(tf.sub(batch.inputs as Tensor, 3), 2).dataSync();
    assertEquals((fixed.batch.inputs as Tensor).dataSync(), expected);
  });
  await withFix(input(1), isRefused);
  // A feature that does not vary stays 0, however large it is.
  const columns = (tf: TensorFlow) => ({
    inputs: tf.tensor2d([[1, 5, 1e6], [3, 5, 1e6], [5, 5, 1e6 + 0.0625]]),
  });
  await withFix(input(0, { axes: [0] }), ({ batch }) => {
    const rows = (batch.inputs as Tensor).arraySync() as number[][];
    for (const [i, value] of [-Math.sqrt(1.5), 0, Math.sqrt(1.5)].entries()) {
      assertAlmostEquals(rows[i][0], value, 1e-5);
      assertEquals(rows[i][1], 0);
      assert(Math.abs(rows[i][2]) < 0.1, `${rows[i][2]}`);
    }
  }, columns);
});

Deno.test("applyFix() changes one of several targets, and none that the batch lacks", async () => {
  const shift = (index: number): Fix => ({ kind: "shift-classes", output: "y", index, by: -1 });
  const two = (tf: TensorFlow) => ({
    inputs: tf.ones([2, 60]),
    targets: [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])],
  });
  await withFix(shift(1), (fixed) => {
    const targets = fixed.batch.targets as Tensor[];
    assertEquals(targets.map((one) => [...one.dataSync()]), [[1, 2], [2, 3]]);
  }, two);
  await withFix(shift(2), isRefused, two);
  const one = (tf: TensorFlow) => ({ inputs: tf.ones([2, 60]), targets: tf.tensor1d([1, 2]) });
  await withFix(shift(0), (fixed) => {
    assertEquals([...(fixed.batch.targets as Tensor).dataSync()], [0, 1]);
  }, one);
  await withFix(shift(0), isRefused);
});

Deno.test("applyFix() gives targets the shape of their output", async () => {
  const fix: Fix = { kind: "reshape-targets", output: "y", index: 0, shape: [2, 1] };
  const batch = (tf: TensorFlow) => ({ inputs: tf.ones([2, 60]), targets: tf.tensor1d([1, 2]) });
  await withFix(fix, (fixed) => {
    const targets = fixed.batch.targets as Tensor;
    assertEquals([targets.shape, ...targets.dataSync()], [[2, 1], 1, 2]);
  }, batch);
});

Deno.test("applyFix() gives layers another activation with the scale that suits it, or does neither", async () => {
  const activation = (layers: string[], rescaled = "first/kernel"): Fix => ({
    kind: "activation",
    layers,
    from: "relu",
    to: "tanh",
    rescale: [{ ...weight(rescaled), factor: 2 }],
  });
  const nameOf = (subject: FixSubject, name: string) =>
    (layerOf(subject, name).activation as { constructor: { className: string } }).constructor
      .className;
  await withFix(activation(["first", "frozen"]), (fixed) => {
    const names = ["first", "frozen", "apart"].map((name) => nameOf(fixed, name));
    assertEquals(names, ["tanh", "tanh", "relu"]);
  });
  await withFix(activation(["apart"]), (fixed) => assertEquals(nameOf(fixed, "apart"), "tanh"));
  await withFix(activation(["first"], "other/kernel"), isRefused);
  await withFix(activation(["first", "other"]), isRefused);
  // A dropout has no activation.
  await withFix(activation(["drop"]), isRefused);
  await withFix(activation(["first", "drop"]), isRefused);
  await withFix(
    {
      kind: "remove-activation",
      layer: "head",
      activation: "softmax",
      next: "x",
      nextActivation: "y",
    },
    (fixed) => assertEquals(nameOf(fixed, "head"), "linear"),
  );
});

Deno.test("applyFix() gives a model another head, loss and targets that fit it", async () => {
  const head = (activation: string | null, loss: string | null, layer = "head"): Fix => ({
    kind: "head",
    layer,
    activation,
    loss,
  });
  const objective = "binaryCrossentropy";
  await withFix(head("sigmoid", null), (fixed, subject) => {
    assertEquals([fixed.objective, fixed.batch], [subject.objective, subject.batch]);
  });
  await withFix(head(null, objective), (fixed, { batch }, tf) => {
    assertEquals(fixed.objective, objective);
    assertEquals(fixed.batch.inputs, batch.inputs);
    const targets = fixed.batch.targets as Tensor;
    assertEquals(targets.shape, [5, 3]);
    assert([...tf.mul(targets, tf.sub(targets, 1)).dataSync()].every((x) => x === 0));
  });
  const given = (tf: TensorFlow) => ({ inputs: tf.ones([2, 60]), targets: tf.ones([2, 3]) });
  await withFix(head("sigmoid", objective), (fixed, { batch }) => {
    assertEquals([fixed.objective, fixed.batch], [objective, batch]);
  }, given);
  await withFix(head("sigmoid", objective, "other"), isRefused, given);
});

Deno.test("applyFix() trains frozen layers, and changes dropout, penalties and the rate", async () => {
  await withFix({ kind: "unfreeze", layers: ["frozen"] }, ({ model }) => {
    assertEquals(model.layers.map(({ trainable }) => trainable), [true, true, true, true, true]);
  });
  await withFix({ kind: "dropout", layers: ["drop"], rate: 0.2 }, (fixed) => {
    assertEquals(layerOf(fixed, "drop").rate, 0.2);
  });
  await withFix({ kind: "dropout", layers: ["drop", "other"], rate: 0.2 }, isRefused);
  await withFix({ kind: "penalties", layers: ["frozen"], by: 4 }, (fixed, _, tf) => {
    const square = valuesOf(fixed, "frozen/kernel").reduce((sum, x) => sum + x ** 2, 0);
    const [penalty] = penaltiesOf(tf, fixed.model.getLayer("frozen"));
    assertAlmostEquals(penalty, 0.5 * square / 4, 1e-4 * square);
  });
  await withFix({ kind: "penalties", layers: ["frozen", "other"], by: 4 }, isRefused);
  await withFix({ kind: "learning-rate", from: 0.1, to: 0.3 }, ({ model }) => {
    assertEquals((model.optimizer as unknown as { learningRate: number }).learningRate, 0.3);
  });
  await withFix({ kind: "rebuild", what: "Add a skip." }, isRefused);
});

Deno.test("applyFix() unfreezes a layer in a frozen model, and knows a model that is not compiled", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { dense } = tf.layers;
  const inner = tf.sequential({
    name: "inner",
    layers: [
      dense({ name: "a", units: 2, inputShape: [2] }),
      dense({ name: "b", units: 2 }),
    ],
  });
  const model = tf.sequential({ layers: [inner, dense({ name: "inner2", units: 1 })] });
  for (const layer of [inner, ...inner.layers, model.layers[1]]) layer.trainable = false;
  const trainable = () => [inner, ...inner.layers, model.layers[1]].map((one) => one.trainable);
  const subject = { model, batch: { inputs: tf.ones([1, 2]) }, objective: undefined };
  const fixed = applyFix(tf, subject, { kind: "unfreeze", layers: ["inner/b"] })!;
  assertEquals(trainable(), [true, false, true, false]);
  fixed.undo();
  assertEquals(trainable(), [false, false, false, false]);
  assertEquals(applyFix(tf, subject, { kind: "learning-rate", from: 0.1, to: 0.3 }), null);
  model.dispose();
});
