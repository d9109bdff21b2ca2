import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { getWeights } from "../../../src/entry/model.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { activations, gradients } from "../../../src/entry/measure.ts";

/** The mean and the standard deviation of the entries of one feature, by their definitions. */
function naive(tensor: Tensor, feature: number) {
  const units = tensor.shape.at(-1)!;
  const entries = [...tensor.dataSync()].filter((_, i) => i % units === feature);
  const mean = entries.reduce((sum, x) => sum + x, 0) / entries.length;
  const variance = entries.reduce((sum, x) => sum + (x - mean) ** 2, 0) / entries.length;
  return { mean, std: Math.sqrt(variance) };
}

async function measureDense(
  inputs: (tf: TensorFlow) => Tensor,
  targets: ((tf: TensorFlow) => Tensor) | null = null,
  test: (batch: Awaited<ReturnType<typeof measure>>["batch"], x: Tensor, y: Tensor | null) => void,
) {
  await using engine = await startEngine();
  const { tf } = engine;
  const x = inputs(tf);
  const y = targets?.(tf) ?? null;
  const units = y?.shape[1] ?? 1;
  const model = tf.sequential({
    layers: [
      tf.layers.reshape({ inputShape: x.shape.slice(1), targetShape: [x.size / x.shape[0]] }),
      tf.layers.dense({ units }),
    ],
  });
  const { batch } = y === null
    ? await measure(model, { inputs: x })
    : await measure(model, { inputs: x, targets: y }, { objective: "meanSquaredError" });
  test(batch, x, y);
  model.dispose();
  tf.dispose([x, ...y === null ? [] : [y]]);
}

/** Columns of different means and deviations; the third is constant. */
const columns = (tf: TensorFlow, rows: number, ...inner: number[]) => {
  const noise = tf.randomNormal([rows, ...inner, 4], 0, 1, "float32", 5);
  return tf.tidy(() => tf.add(tf.mul(noise, [1, 0.01, 0, 300]), [0, 30, 0.7, -5]));
};

Deno.test("measure() tells constant, offset, large and small features of an input apart", async () => {
  for (const inner of [[], [3], [2, 3]]) {
    await measureDense((tf) => columns(tf, 9, ...inner), null, (batch, x) => {
      const { features, spread } = batch.perInput[0];
      assert(features !== undefined);
      assertEquals([features.count, features.constant], [4, 1]);
      const far = naive(x, 1);
      assertAlmostEquals(features.largestOffset! / Math.abs(far.mean / far.std), 1, 1e-9);
      assertAlmostEquals(features.smallestStd! / far.std, 1, 1e-9);
      assertAlmostEquals(features.largestStd! / naive(x, 3).std, 1, 1e-9);
      assert(spread! > 0.5 && spread! < 1);
    });
  }
});

Deno.test("measure() counts features that are not finite and says nothing else of them", async () => {
  await measureDense((tf) => tf.tensor2d([[1, NaN, 5], [3, 0, 5]]), null, (batch) => {
    const expected = { count: 3, constant: 1, largestOffset: 2, largestStd: 1, smallestStd: 1 };
    assertEquals(batch.perInput[0].features, expected);
    assertEquals(batch.perInput[0].spread, null);
  });
});

Deno.test("measure() has no figures of features where none varies", async () => {
  await measureDense((tf) => tf.tensor2d([[1, 2], [1, 2]]), null, (batch) => {
    const none = { largestOffset: null, largestStd: null, smallestStd: null };
    assertEquals(batch.perInput[0].features, { count: 2, constant: 2, ...none });
  });
  await measureDense((tf) => tf.tensor2d([[1, 2]]), null, (batch) => {
    assertEquals(batch.perInput[0].features, undefined);
  });
});

Deno.test("measure() tells the units of a target apart, and leaves classes and indices alone", async () => {
  const targets = (tf: TensorFlow) => tf.tensor2d([[946, 1], [631, 1], [1261, 1]]);
  await measureDense((tf) => tf.randomNormal([3, 2]), targets, (batch, _, y) => {
    const [target] = batch.targets!;
    const { mean, std } = naive(y!, 0);
    assertEquals([target.features!.count, target.features!.constant], [2, 1]);
    assertAlmostEquals(target.features!.largestOffset!, mean / std, 1e-9);
    assertAlmostEquals(target.features!.largestStd!, std, 1e-9);
    assert(target.spread! > 0 && target.spread! < 1);
  });

  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({ inputDim: 5, outputDim: 3, inputLength: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 4, activation: "softmax" }),
    ],
  });
  const batch = { inputs: tf.tensor2d([[1, 2], [3, 4]]), targets: tf.tensor2d([[0], [3]]) };
  const measured = await measure(model, batch, { objective: "sparseCategoricalCrossentropy" });
  const [input] = measured.batch.perInput, [target] = measured.batch.targets!;
  assertEquals([input.features, input.spread], [undefined, undefined]);
  assertEquals([target.features, target.spread], [undefined, undefined]);
  model.dispose();
  tf.dispose([batch.inputs, batch.targets]);
});

/** Rows of which two entries are `size` and -`size`, and the others 0: the variance is `size`^2 / 2. */
const rows = (tf: TensorFlow, sizes: number[]) =>
  tf.tensor3d([sizes.map((size) => [size, -size, 0, 0]), sizes.map(() => [1, -1, 0, 0])]);

async function measured(tf: TensorFlow, inputs: Tensor, options: { axis?: number } = {}) {
  const shape = inputs.shape.slice(1);
  const model = tf.sequential({
    layers: [
      tf.layers.layerNormalization({ name: "norm", epsilon: 1e-2, inputShape: shape, ...options }),
      tf.layers.dense({ name: "head", units: 1 }),
    ],
  });
  const { layers, batch } = await measure(model, { inputs });
  model.dispose();
  inputs.dispose();
  return { flat: layers[0].flatRows, constant: batch.perInput[0].constantRows, head: layers[1] };
}

Deno.test("measure() counts the rows under a layer normalisation whose variance is below 1 % of epsilon", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const flatOf = async (sizes: number[]) => (await measured(tf, rows(tf, sizes))).flat;
  // 1 % of epsilon is 1e-4, the variance of rows of 0.01414.
  assertEquals(await flatOf([0.0143, 1]), undefined);
  assertEquals(await flatOf([0.0140, 1]), 0.25);
  assertEquals(await flatOf([0, 0]), 0.5);
  // NaN is not a row that hardly varies; others say where it is.
  assertEquals(await flatOf([NaN, 0]), 0.25);
});

Deno.test("measure() counts the rows of an input that are one number, whatever the number", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const constantOf = async (inputs: Tensor) => (await measured(tf, inputs)).constant;
  assertEquals(await constantOf(rows(tf, [1e-6, 1])), undefined);
  assertEquals(await constantOf(rows(tf, [0, 1])), 0.25);
  assertEquals(await constantOf(tf.tensor3d([[[7, 7], [1, 2]]])), 0.5);
  assertEquals(await constantOf(tf.tensor3d([[[7], [1]]])), undefined);
});

Deno.test("measure() counts no rows of a layer that normalises over another axis, or that is no normalisation", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { flat, head } = await measured(tf, rows(tf, [0, 0]), { axis: 1 });
  assertEquals([flat, head.flatRows], [undefined, undefined]);
});

const { tf } = await startEngine();

Deno.test("measure(), activations(), gradients() and getWeights() print what they found in a line each", async () => {
  const x = tf.input({ shape: [2] });
  const twice = tf.layers.dense({ name: "d", units: 2, kernelInitializer: "ones" });
  const outputs = twice.apply(twice.apply(x)) as typeof x;
  const model = tf.model({ inputs: x, outputs, name: "m" });
  const inputs = tf.ones([3, 2]);
  const printed = (value: unknown) => Deno.inspect(value).split("\n").map((line) => line.trim());
  const objective = "sum" as const;
  assertEquals(printed(await measure(model, { inputs }, { objective })), [
    "m: 1 layer, 6 parameters; 3 examples; J = 24 (sum)",
    "layer  class  activation  mean |dJ/dkernel|  mean |a|  mean |delta|  stuck  dead",
    "d      Dense  linear                     12         3           1.5  -      -",
  ]);
  using found = await activations(model, { inputs });
  assertEquals(printed(found), [
    "2 activations",
    "activation  shape   mean |a|  std  largest  zero",
    "d           [3, 2]         2    0        2  0%",
    "d, call 2   [3, 2]         4    0        4  0%",
  ]);
  using slopes = await gradients(model, { inputs }, { objective });
  assertEquals(printed(slopes), [
    "2 gradients",
    "gradient  shape   mean |dJ/dw|  std  largest  zero",
    "d/kernel  [2, 2]            12    0       12  0%",
    "d/bias    [2]                9    0        9  0%",
  ]);
  assertEquals(printed(getWeights(model)), [
    "2 weights with 6 entries",
    "weight    shape   mean |w|  largest |w|",
    "d/kernel  [2, 2]         1            1",
    "d/bias    [2]            0            0",
  ]);
  inputs.dispose();
  model.dispose();
});
