import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/measure/measure.ts";

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
  // NaN is no row that hardly varies; others say where it is.
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
