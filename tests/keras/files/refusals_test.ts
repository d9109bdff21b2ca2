import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel, ModelError } from "../../../src/entry/model.ts";
import { writeZip } from "../../files/write_zip.ts";
import { bytesOf, withFile } from "./fixtures.ts";
import { packKeras, unpackKeras } from "./pack_keras.ts";
import { assertEquals, assertRejects } from "@std/assert";

await startEngine();

type Config = { class_name: string; config: { layers: { class_name: string; config: object }[] } };

/** Loads dense.keras with a changed configuration. */
async function loadEdited(edit: (config: Config) => unknown) {
  const { config, weights } = unpackKeras(bytesOf("dense.keras"));
  edit(config as unknown as Config);
  return await withFile("model.keras", packKeras({ config, weights }), (path) => loadModel(path));
}

Deno.test("loadModel() says that text is not preprocessed, and what to save", async () => {
  for (const class_name of ["TextVectorization", "StringLookup", "HashedCrossing"]) {
    const dtype = { class_name: "DTypePolicy", config: { name: "int64" } };
    await assertRejects(
      () => loadEdited(({ config }) => config.layers[1] = { class_name, config: { dtype } }),
      ModelError,
      `class_name is "${class_name}", which is not run: text is not preprocessed here. Save the model behind it`,
    );
  }
  await assertRejects(
    () => loadEdited(({ config }) => Object.assign(config.layers[0].config, { dtype: "string" })),
    ModelError,
    'dtype is "string": text is not preprocessed here',
  );
});

Deno.test("loadModel() says that the file of a subclassed model holds no layers", async () => {
  await assertRejects(
    () =>
      loadEdited((model) => {
        model.class_name = "BertBackbone";
        model.config = { vocabulary_size: 9 } as never;
      }),
    ModelError,
    'class_name is "BertBackbone", a model of a custom class: the file holds its hyperparameters and ' +
      "no layers. Save a functional model of the same layers: x = keras.Input(shape), " +
      "keras.Model(x, model.call(x))",
  );
  const inner = { class_name: "BertBackbone", config: { vocabulary_size: 9 }, compile_config: {} };
  await assertRejects(
    () => loadEdited(({ config }) => config.layers[1] = inner),
    ModelError,
    'layers[1].class_name is "BertBackbone", a model of a custom class: the file holds its',
  );
});

Deno.test("loadModel() rejects penalties on activations inside a wrapper or an attention", async () => {
  const activity_regularizer = { class_name: "L2", config: { l2: 0.1 } };
  const layer = { class_name: "Dense", config: { units: 2, activity_regularizer } };
  for (
    const [class_name, config, message] of [
      ["TimeDistributed", { layer }, "layer.config.activity_regularizer is an object"],
      ["TimeDistributed", { layer, activity_regularizer }, "activity_regularizer is an object"],
      [
        "MultiHeadAttention",
        { num_heads: 1, key_dim: 2, activity_regularizer },
        "activity_regularizer is an object, expected null: penalties on what an attention computes",
      ],
    ] as const
  ) {
    await assertRejects(
      () => loadEdited(({ config: whole }) => whole.layers[1] = { class_name, config }),
      ModelError,
      message,
    );
  }
});

Deno.test("loadModel() names the setting that TensorFlow.js lacks", async () => {
  const transposed = { filters: 2, kernel_size: [3, 3], dilation_rate: [2, 2] };
  await assertRejects(
    () =>
      loadEdited(({ config }) =>
        config.layers[1] = { class_name: "Conv2DTranspose", config: transposed }
      ),
    ModelError,
    "dilation_rate is an array of 2 items, expected 1: TensorFlow.js does not support dilated transposed convolutions",
  );
});

Deno.test("loadModel() reads the infinite numbers that Python writes into JSON", async () => {
  const { config, weights } = unpackKeras(bytesOf("dense.keras"));
  const { layers } = (config as unknown as Config).config;
  Object.assign(layers[2], { class_name: "ReLU" });
  layers[2].config = {
    name: 'an "Infinity"'.replace(/\W/g, "_"),
    max_value: "@",
    note: "Infinity",
  };
  const text = JSON.stringify(config).replace('"@"', "Infinity");
  const archive = writeZip([
    { name: "config.json", content: new TextEncoder().encode(text) },
    { name: "model.weights.h5", content: weights },
  ]);
  const { model } = await withFile("model.keras", archive, (path) => loadModel(path));
  assertEquals(model.layers.some((layer) => layer.getClassName() === "ReLU"), true);
  model.dispose();
});
