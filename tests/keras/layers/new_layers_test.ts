import { InputError } from "../../../src/words/input_error.ts";
import { type LayersModel, startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { loadModel } from "../../../src/load/mod.ts";
import { saveModel, withFolder } from "../../model/save_model.ts";
import { NEW_LAYERS } from "./new_layers.ts";
import { assertEquals, assertThrows } from "@std/assert";

const { tf } = await startEngine();
const K = kerasLayers(tf);

function modelOf(shape: number[], layer: { apply(x: unknown): unknown }): LayersModel {
  const x = tf.input({ shape });
  return tf.model({ inputs: x, outputs: layer.apply(x) as typeof x });
}

for (const [what, shape, make] of NEW_LAYERS) {
  Deno.test(`${what} puts out the shape that it promises, also after it was saved and loaded`, async () => {
    const model = modelOf(shape, make(K, tf));
    const x = tf.randomNormal([2, ...shape], 0, 1, "float32", 3);
    const y = model.predict(x) as Tensor;
    assertEquals(y.shape, model.outputs[0].shape.with(0, 2));
    await withFolder(async (folder) => {
      const { model: loaded } = await loadModel(await saveModel(tf, model, folder));
      const again = loaded.predict(x) as Tensor;
      assertEquals([...again.dataSync()], [...y.dataSync()]);
      const [before, after] = [model, loaded].map(({ layers }) =>
        JSON.parse(JSON.stringify(layers[1].getConfig(), (_, value) => value ?? undefined))
      );
      assertEquals(after, before);
      loaded.dispose();
    });
    model.dispose();
  });
}

Deno.test("SpatialDropout2D drops whole maps in training, and none otherwise", () => {
  const layer = new K.SpatialDropout2D({ rate: 0.5, seed: 1 });
  const x = tf.ones([4, 3, 3, 8]);
  const sums = tf.sum(layer.apply(x, { training: true }) as Tensor, [1, 2]).dataSync();
  assertEquals([...new Set(sums)].sort(), [0, 18]);
  assertEquals(tf.min(layer.apply(x) as Tensor).dataSync()[0], 1);
});

Deno.test("Subtract takes the second input from the first, and no third", () => {
  const subtract = new K.Subtract({ name: "minus" });
  const a = tf.tensor2d([[5, 7]]);
  const b = tf.tensor2d([[2, 10]]);
  assertEquals([...(subtract.apply([a, b]) as Tensor).dataSync()], [3, -3]);
  assertThrows(
    () => new K.Subtract({ name: "minus" }).apply([a, b, b]),
    InputError,
    "minus has 3 inputs, expected 2",
  );
});

const name = "own";
const REFUSALS: [make: () => { apply(x: unknown): unknown }, shape: number[], message: string][] = [
  [
    () => new K.GroupNormalization({ name, groups: 4 }),
    [6],
    "groups of own is 4, expected -1 or a divisor of its 6 channels",
  ],
  [
    () => new K.RMSNormalization({ name, axis: 1 }),
    [3, 4],
    "axis of own is 1, expected the last axes: Keras scales along those",
  ],
  [
    () => new K.UnitNormalization({ name, axis: 3 }),
    [3, 4],
    "axis of own is 3, expected different axes from -3 to 2: its input has the shape [null, 3, 4]",
  ],
  [
    () => new K.Normalization({ name, mean: [1, 2], variance: [1, 2] }),
    [3],
    "mean of own is an array of 2 items, expected a number or an array of the shape [3]",
  ],
  [
    () => new K.Normalization({ name, mean: 1 }),
    [3],
    "own has a mean without a variance, expected both or neither",
  ],
  [
    () => new K.Cropping1D({ name, cropping: 2 }),
    [4, 1],
    "cropping of own takes 2 and 2 from an axis of 4 entries, expected to leave one at least",
  ],
  [
    () => new K.ZeroPadding3D({ name, padding: [1, 2] }),
    [2, 2, 2, 1],
    "padding of own is an array of 2 items, expected a whole number from 0, or one or two of them for each of the " +
    "3 axes",
  ],
  [
    () => new K.UpSampling3D({ name, size: [2] }),
    [2, 2, 2, 1],
    "size of own is an array of 1 item, expected a whole number from 1, or 3 of them",
  ],
  [
    () => new K.Discretization({ name, binBoundaries: [1, 0] }),
    [3],
    "binBoundaries of own is an array of 2 items, expected an array of numbers that rise: one that Keras has adapted",
  ],
  [
    () => new K.Conv1DTranspose({ name, filters: 1, kernelSize: 2, padding: "causal" as never }),
    [4, 1],
    'padding of own is "causal", expected "valid" or "same"',
  ],
];

for (const [make, shape, message] of REFUSALS) {
  Deno.test(`kerasLayers() has layers that refuse: ${message}`, () => {
    assertThrows(() => modelOf(shape, make()), Error, message);
  });
}
