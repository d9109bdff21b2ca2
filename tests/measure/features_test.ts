import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/measure/measure.ts";

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
