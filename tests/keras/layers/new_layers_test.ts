import {
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { type LayersModel, startEngine } from "../../../src/engine/mod.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { axesOf } from "../../../src/engine/keras_layer.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { PRODUCTS } from "../../../src/keras/layers/operations/operation_layers.ts";
import { REARRANGEMENTS } from "../../../src/keras/layers/operations/rearrangements.ts";
import { loadModel } from "../../../src/entry/model.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { saveModel, withFolder } from "../../core/model/save_model.ts";
import { NEW_LAYERS } from "./new_layers.ts";
import { assertRefused, type Parts, parts } from "../../assert_refused.ts";

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
  assertRefused(
    () => new K.Subtract({ name: "minus" }).apply([a, b, b]),
    { place: "minus", found: "3 inputs", expected: "2" },
  );
});

Deno.test("CustomScaleLayer adds the second input times a constant, and takes no third", () => {
  const scaled = new K.CustomScaleLayer({ name: "scaled", scale: 0.5 });
  const a = tf.tensor2d([[5, 7]]);
  const b = tf.tensor2d([[2, -10]]);
  assertEquals([...(scaled.apply([a, b]) as Tensor).dataSync()], [6, 2]);
  assertEquals(scaled.getConfig().scale, 0.5);
  assertRefused(
    () => new K.CustomScaleLayer({ name: "scaled", scale: 1 }).apply([a, b, b]),
    { place: "scaled", found: "3 inputs", expected: "2" },
  );
});

const name = "own";
const REFUSALS: [make: () => { apply(x: unknown): unknown }, shape: number[], said: Parts][] = [
  [
    () => new K.GroupNormalization({ name, groups: 4 }),
    [6],
    parts("groups of own", "4", "-1 or a divisor of its 6 channels"),
  ],
  [
    () => new K.RMSNormalization({ name, axis: 1 }),
    [3, 4],
    parts("axis of own", "1", "the last axes: Keras scales along those"),
  ],
  [
    () => new K.UnitNormalization({ name, axis: 3 }),
    [3, 4],
    parts("axis of own", "3", "different axes from -3 to 2: its input has the shape [null, 3, 4]"),
  ],
  [
    () => new K.Normalization({ name, mean: [1, 2], variance: [1, 2] }),
    [3],
    parts("mean of own", "an array of 2 items", "a number or an array of the shape [3]"),
  ],
  [
    () => new K.Normalization({ name, mean: 1 }),
    [3],
    parts("own", "a mean without a variance", "both or neither"),
  ],
  [
    () => new K.Cropping1D({ name, cropping: 2 }),
    [4, 1],
    parts("cropping of own", "2 and 2 from an axis of 4 entries", "to leave one at least"),
  ],
  [
    () => new K.ZeroPadding3D({ name, padding: [1, 2] }),
    [2, 2, 2, 1],
    parts(
      "padding of own",
      "an array of 2 items",
      "a whole number from 0, or one or two of them for each of the 3 axes",
    ),
  ],
  [
    () => new K.UpSampling3D({ name, size: [2] }),
    [2, 2, 2, 1],
    parts("size of own", "an array of 1 item", "a whole number from 1, or 3 of them"),
  ],
  [
    () => new K.Discretization({ name, binBoundaries: [1, 0] }),
    [3],
    parts(
      "binBoundaries of own",
      "an array of 2 items",
      "an array of numbers that rise: one that Keras has adapted",
    ),
  ],
  [
    () => new K.Conv1DTranspose({ name, filters: 1, kernelSize: 2, padding: "causal" as never }),
    [4, 1],
    parts("padding of own", '"causal"', '"valid" or "same"'),
  ],
];

for (const [make, shape, said] of REFUSALS) {
  Deno.test(`kerasLayers() has layers that refuse ${said.found} for ${said.place}`, () => {
    assertRefused(() => modelOf(shape, make()), said);
  });
}

Deno.test("kerasLayers() registers its classes, but not over one that a program has", () => {
  class EinsumDense extends tf.layers.Layer {
    static className = "EinsumDense";
  }
  tf.serialization.registerClass(EinsumDense);
  const layers = kerasLayers(tf);
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  assertStrictEquals(classNameMap.EinsumDense[0] as unknown, EinsumDense);
  for (const [name, own] of Object.entries(layers)) {
    assertEquals(own.className, name);
    if (name === "EinsumDense") assertNotEquals(own as unknown, EinsumDense);
    else assertStrictEquals(classNameMap[name][0] as unknown, own);
  }
  assertStrictEquals(kerasLayers(tf), layers);
});

Deno.test("kerasLayers() takes TensorFlow.js alone", () => {
  assertRefused(
    () => kerasLayers({} as never),
    { place: "tf", found: "an object", expected: "the module of TensorFlow.js" },
  );
});

const { Normalization } = kerasLayers(tf);

Deno.test("Normalization refuses a mean whose entries are no numbers, or of no one shape", () => {
  for (const mean of [[1, { name: "float32" }], [1, "2"], [[1, 2], [3]], [1, 2, 3]]) {
    const layer = new Normalization({ mean: mean as never, variance: 1, name: "scaled" });
    assertThrows(() => layer.build([null, 2]), InputError, "mean of scaled is ");
  }
  new Normalization({ mean: [1, 2], variance: 1 }).build([null, 2]);
});

Deno.test("Split rejects places that are no whole numbers", () => {
  for (const indicesOrSections of [null, "2", {}, [1.5], ["1"]]) {
    assertRefused(
      () => REARRANGEMENTS.Split.shape([[null, 6]], { indicesOrSections, axis: 1 }),
      parts(
        "The operation",
        `an axis at ${JSON.stringify(indicesOrSections)}`,
        "a number of parts or the places between them",
      ),
    );
  }
  assertRefused(
    () => REARRANGEMENTS.Split.shape([[null, 6]], { indicesOrSections: 1.5, axis: 1 }),
    parts("The operation", "an axis of 6 into 1.5 parts", "equal ones"),
  );
});

Deno.test("Einsum shows subscripts that are no text", () => {
  assertRefused(
    () => PRODUCTS.Einsum.shape([[null, 6]], { subscripts: { a: 1 } }),
    {
      place: "The operation",
      found: 'the Einstein sum {"a":1} of [null, 6]',
      expected: 'a letter for each axis, that of the batch first in all, and "->"',
    },
  );
});

const { AdaptiveAveragePooling1D, AdaptiveMaxPooling1D, AdaptiveAveragePooling2D } = kerasLayers(
  tf,
);

/** The windows of PyTorch's documentation: from floor(i n / k) to below ceil((i + 1) n / k). */
function pooled(values: number[], count: number, pool: (window: number[]) => number): number[] {
  const size = values.length;
  return Array.from(
    { length: count },
    (_, i) => pool(values.slice(Math.floor(i * size / count), Math.ceil((i + 1) * size / count))),
  );
}

const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;

Deno.test("adaptive pooling of a sequence has the windows of PyTorch, whatever the sizes", () => {
  for (let size = 1; size <= 9; size++) {
    const values = Array.from({ length: size }, (_, i) => Math.cos(3 * i * i + 1));
    for (let count = 1; count <= 11; count++) {
      tf.tidy(() => {
        const x = tf.tensor(values, [1, size, 1]);
        for (
          const [Pooling, pool] of [
            [AdaptiveAveragePooling1D, mean],
            [AdaptiveMaxPooling1D, (window: number[]) => Math.max(...window)],
          ] as const
        ) {
          const y = new Pooling({ outputSize: count }).apply(x) as Tensor;
          assertEquals(y.shape, [1, count, 1]);
          const wanted = pooled(values, count, pool);
          y.dataSync().forEach((value, i) => assertAlmostEquals(value, wanted[i], 1e-6));
        }
      });
    }
  }
});

Deno.test("adaptive pooling gives each entry the gradient of the windows that it is in", () => {
  tf.tidy(() => {
    const x = tf.tensor([1, 5, 2, 4, 3], [1, 5, 1]);
    const gradientOf = (Pooling: typeof AdaptiveMaxPooling1D) => {
      const layer = new Pooling({ outputSize: 2 });
      return [...tf.grad((x) => tf.sum(layer.apply(x) as Tensor))(x).dataSync()];
    };
    // Windows of 3: entries 0 to 2, and 2 to 4.
    [1, 1, 2, 1, 1].forEach((times, i) =>
      assertAlmostEquals(gradientOf(AdaptiveAveragePooling1D)[i], times / 3, 1e-6)
    );
    assertEquals(gradientOf(AdaptiveMaxPooling1D), [0, 1, 0, 1, 0]);
  });
});

Deno.test("adaptive pooling takes pictures of any size, channels first too, and is saved as it is", () => {
  const layer = new AdaptiveAveragePooling2D({ outputSize: [2, 1], dataFormat: "channelsFirst" });
  assertEquals(layer.computeOutputShape([null, 3, null, null]), [null, 3, 2, 1]);
  const { outputSize, dataFormat } = layer.getConfig();
  assertEquals([outputSize, dataFormat], [[2, 1], "channelsFirst"]);
  tf.tidy(() => {
    const y = layer.apply(tf.tensor([1, 2, 3, 4, 5, 6], [1, 1, 3, 2])) as Tensor;
    assertEquals([y.shape, [...y.dataSync()]], [[1, 1, 2, 1], [2.5, 4.5]]);
  });
});

Deno.test("Reshape keeps the batch, of an open length or as -1, and refuses another", () => {
  const reshaped = (...newshape: (number | null)[]) =>
    REARRANGEMENTS.Reshape.shape([[null, 6]], { newshape });
  assertEquals(reshaped(-1, 2, 3), [null, 2, 3]);
  assertEquals(reshaped(null, 2, -1), [null, 2, 3]);
  for (const shape of [[6, 1], [-1, 4], [-1, -1, -1]]) {
    assertThrows(() => reshaped(...shape), InputError, "expected the batch first");
  }
});

Deno.test("Pad widens each axis on both sides", () => {
  const padWidth = [[0, 0], [1, 2]];
  assertEquals(REARRANGEMENTS.Pad.shape([[null, 6]], { padWidth, mode: "constant" }), [null, 9]);
});

Deno.test("axesOf() counts axes from either end, and refuses those beyond", () => {
  assertEquals(axesOf([0, -1, 1], [2, 3, 4], "norm"), [0, 1, 2]);
  for (const axis of [-4, 3, 0.5]) {
    const expected = "different axes from -3 to 2: its input has the shape [2, 3, 4]";
    assertRefused(
      () => axesOf(axis, [2, 3, 4], "norm"),
      parts("axis of norm", `${axis}`, expected),
    );
  }
});
