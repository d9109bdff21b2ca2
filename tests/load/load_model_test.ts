import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { exerciseModel, getWeights, loadModel } from "../../src/entry/model.ts";
import { type Edit, refused, tiny } from "../core/model/refusal.ts";
import { predict, roundTrip } from "./round_trip.ts";
import { saveModel, withFolder } from "../core/model/save_model.ts";
import { type Parts, parts } from "../assert_refused.ts";

const { tf } = await startEngine();

Deno.test("loadModel() loads each golden model with its weights", async () => {
  const golden = new URL("../../fixtures/golden/", import.meta.url);
  let cases = 0;
  for await (const { name, isDirectory } of Deno.readDir(golden)) {
    if (!isDirectory) continue;
    const folder = `${golden.pathname}${name}`;
    const loaded = await loadModel(`${folder}/model.json`);
    const bytes = await Deno.readFile(`${folder}/weights.bin`);
    const values = Object.values(getWeights(loaded.model)).flatMap((weight) => [...weight.values]);
    assertEquals(values, [...new Float32Array(bytes.buffer)]);
    const { model: _, ...rest } = loaded;
    assertEquals(rest, {
      name,
      source: `${folder}/model.json`,
      path: `${folder}/model.json`,
      kind: "json",
      seed: null,
      objective: null,
      createBatch: null,
      recreate: null,
    });
    loaded.model.dispose();
    cases++;
  }
  assertEquals(cases, 8);
});

Deno.test("loadModel() names a model after its file where the file gives no name", async () => {
  const saved = exerciseModel({ width: 5, depth: 2 });
  await withFolder(async (folder) => {
    const path = await saveModel(tf, saved, folder);
    const json = JSON.parse(await Deno.readTextFile(path));
    delete json.modelTopology.config.name;
    await Deno.writeTextFile(path, JSON.stringify(json));
    for (let loaded = 0; loaded < 2; loaded++) {
      const { model, name } = await loadModel(path);
      assertEquals(name, "model");
      model.dispose();
    }
  });
  saved.dispose();
});

Deno.test("loadModel() reads files in folders below the model's, and links that stay inside", async () => {
  const model = exerciseModel({ width: 2, depth: 1 });
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/a/b c`, { recursive: true });
    const path = await saveModel(tf, model, folder, { file: () => "a/b c/w ü#?.bin" });
    await Deno.symlink("a/b c", `${folder}/link`);
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("a/b c", "link"));
    const { model: loaded } = await loadModel(path);
    assertEquals(getWeights(loaded), getWeights(model));
    loaded.dispose();
  });
  model.dispose();
});

Deno.test("loadModel() loads every kind of layer, nested, shared and recurrent ones", async () => {
  const input = tf.input({ shape: [6, 4], name: "in" });
  const shared = tf.layers.dense({ name: "shared", units: 4, activation: "hardSigmoid" as "relu" });
  const tower = tf.sequential({
    name: "tower",
    layers: [
      tf.layers.conv1d({
        name: "conv",
        filters: 4,
        kernelSize: 3,
        padding: "same",
        inputShape: [6, 4],
      }),
      tf.layers.batchNormalization({ name: "bn" }),
    ],
  });
  const twice = shared.apply(shared.apply(tower.apply(input))) as never;
  const both = tf.layers.bidirectional({
    name: "both",
    layer: tf.layers.lstm({ name: "lstm", units: 3, returnSequences: true }) as never,
    mergeMode: "concat",
  }).apply(twice);
  const td = tf.layers.timeDistributed({
    name: "td",
    layer: tf.layers.dense({ name: "inner", units: 2 }),
  });
  const cells = [tf.layers.gruCell({ units: 2 }), tf.layers.simpleRNNCell({ units: 2 })];
  const rnn = tf.layers.rnn({ name: "rnn", cell: cells as never });
  const other = tf.layers.add().apply([input, twice]);
  const model = tf.model({
    inputs: input,
    outputs: [rnn.apply(td.apply(both)), tf.layers.flatten().apply(other)] as never[],
  });
  await roundTrip(model, (loaded) => {
    const [before, after] = [getWeights(model), getWeights(loaded)].map((weights) =>
      Object.entries(weights).map(([name, { shape, values }]) => [name, shape, values])
    );
    assertEquals(after, before);
    assertEquals(predict(loaded), predict(model));
  });
  model.dispose();
});

Deno.test("loadModel() registers custom classes from a module first", async () => {
  await withFolder(async (folder) => {
    const register = `${folder}/register #1.ts`;
    await Deno.writeTextFile(
      register,
      `export async function register({ tf }: any) {
        await Promise.resolve();
        class Twice extends tf.layers.Layer {
          static className = "Twice_Test";
          call(x: any) { return tf.mul([x].flat()[0], 2); }
        }
        tf.serialization.registerClass(Twice);
      }`,
    );
    const model = tf.sequential({
      layers: [
        tf.layers.activation({ activation: "linear", inputShape: [2] }),
        tf.layers.dense({ units: 1 }),
      ],
    });
    const path = await saveModel(tf, model, folder, {
      edit: (json) => {
        json.modelTopology.config.layers[0].class_name = "Custom>Twice_Test";
        return json;
      },
    });
    const { model: loaded } = await loadModel(path, { register: [register] });
    const twice = 2 * predict(model)[0];
    assertAlmostEquals(predict(loaded)[0], twice, 1e-6);
    assert(twice !== 0);
    loaded.dispose();
    model.dispose();
  });
});

Deno.test("loadModel() takes any batch size that a model is built for, unless it keeps a state for each example", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 2, batchInputShape: [5_000_000, 1] })],
  });
  await roundTrip(model, (loaded) => assertEquals(loaded.inputs[0].shape, [5_000_000, 1]));
  model.dispose();
});

const spoilt: [string, Edit, Parts][] = [
  [
    "a graph model of old",
    () => ({ modelTopology: { node: [] }, weightsManifest: [] }),
    parts(
      "The file",
      "a graph model, which has no layers to measure",
      "a layers model (convert the Keras model with --output_format=tfjs_layers_model)",
    ),
  ],
  [
    "no manifest",
    ({ modelTopology }) => ({ modelTopology }),
    parts("weightsManifest", "missing", "an array: the model must be saved with its weights"),
  ],
  [
    "paths that are none",
    (json) => (json.weightsManifest[0].paths = "weights-0.bin", json),
    parts("weightsManifest[0].paths", '"weights-0.bin"', "an array of file names"),
  ],
  [
    "a path that is none",
    (json) => (json.weightsManifest[0].paths[0] = 3, json),
    parts("weightsManifest[0].paths[0]", "3", "a file name"),
  ],
  [
    "a manifest without files",
    (json) => (json.weightsManifest[0].paths = [], json),
    parts(
      "weightsManifest[0].paths",
      "an empty array",
      "the files of 36 bytes that hold its 4 weights",
    ),
  ],
  [
    "a manifest of text",
    (json) => (json.weightsManifest = ["x"], json),
    parts("weightsManifest[0].paths", "missing", "an array of file names"),
  ],
  [
    "weights that are none",
    (json) => (json.weightsManifest[0].weights = null, json),
    parts("weightsManifest[0].weights", "null", "an array of weights"),
  ],
  [
    "a weight that is none",
    (json) => (json.weightsManifest[0].weights[1] = null, json),
    parts("weightsManifest[0].weights[1]", "null", "a weight"),
  ],
  [
    "a weight without a name",
    (json) => (delete json.weightsManifest[0].weights[1].name, json),
    parts("weightsManifest[0].weights[1].name", "missing", "a string"),
  ],
  [
    "a weight without a shape",
    (json) => (json.weightsManifest[0].weights[1].shape = [2, -1], json),
    parts(
      "weightsManifest[0].weights[1].shape",
      "an array of 2 items",
      "an array of whole numbers",
    ),
  ],
  [
    "a weight too large to address",
    (json) => (json.weightsManifest[0].weights[1].shape = [2 ** 20, 2 ** 20], json),
    parts("weightsManifest[0].weights[1].shape", "[1048576, 1048576]", "at most 2^31 entries"),
  ],
  [
    "a weight of text",
    (json) => (json.weightsManifest[0].weights[1].dtype = "string", json),
    parts("weightsManifest[0].weights[1].dtype", '"string"', '"float32", "int32" or "bool"'),
  ],
  [
    "an unknown packing",
    (json) => (json.weightsManifest[0].weights[1].quantization = { dtype: "int4" }, json),
    parts(
      "weightsManifest[0].weights[1].quantization.dtype",
      '"int4"',
      '"uint8", "uint16" or "float16"',
    ),
  ],
  [
    "a packing without scale",
    (json) => (json.weightsManifest[0].weights[1].quantization = { dtype: "uint8", min: 0 }, json),
    parts("weightsManifest[0].weights[1].quantization.scale", "missing", "a number"),
  ],
  [
    "a weight that the model does not have",
    (json) => (json.weightsManifest[0].weights[1].name = "dense_9/bias", json),
    parts("weightsManifest[0].weights[1]", '"dense_9/bias"', "a weight that the model has"),
  ],
  [
    "a weight of another shape",
    (json) => (json.weightsManifest[0].weights[2].shape = [1, 2], json),
    parts(
      "weightsManifest[0].weights[2]",
      '"dense_2/kernel" of shape [1, 2] and type float32',
      "[2, 1] and float32 as its layer has",
    ),
  ],
  [
    "a weight of another type",
    (json) => (json.weightsManifest[0].weights[2].dtype = "int32", json),
    parts(
      "weightsManifest[0].weights[2]",
      '"dense_2/kernel" of shape [2, 1] and type int32',
      "[2, 1] and float32 as its layer has",
    ),
  ],
  [
    "more weights than declared",
    (json) => {
      json.modelTopology.config.layers.push({
        class_name: "Dense",
        config: { name: "more", units: 3 },
      });
      return json;
    },
    parts("weightsManifest", 'no "more/kernel" and 1 more', "every weight of the model"),
  ],
  [
    "a layer of a billion units",
    (json) => (json.modelTopology.config.layers[0].config.units = 1e9, json),
    parts(
      "modelTopology.config.layers[0].config",
      'a weight "kernel" of shape [2, 1000000000]',
      "no more than the 9 entries that weightsManifest declares for the whole model",
    ),
  ],
  [
    "weights beyond the heap",
    (json) => {
      json.weightsManifest[0].weights.push({ name: "x", shape: [2 ** 29], dtype: "float32" });
      return json;
    },
    parts("weightsManifest", "2.0 GiB of weights", "at most 2 GiB"),
  ],
];
for (const [what, edit, said] of spoilt) {
  Deno.test(`loadModel() refuses ${what}`, async () => {
    assertEquals(await refused({ edit }), said);
  });
}

Deno.test("loadModel() refuses weight files that are too short or too long", async () => {
  assertEquals(
    await refused({ editWeights: (bytes) => bytes.slice(0, -1) }),
    parts('"weights-0.bin"', "35 bytes", "36 for the 4 weights that weightsManifest declares"),
  );
  assertEquals(
    await refused({ shard: 20, editWeights: (bytes) => new Uint8Array([...bytes, 0]) }),
    parts(
      '"weights-0.bin", "weights-1.bin"',
      "37 bytes",
      "36 for the 4 weights that weightsManifest declares",
    ),
  );
});

Deno.test("loadModel() leaves the initialisers of TensorFlow.js as they were", async () => {
  const stock = tf.layers.Layer.prototype as unknown as { addWeight: unknown };
  const { addWeight } = stock;
  await refused({ edit: (json) => (json.modelTopology.config.layers[1].config.units = 1e9, json) });
  assertEquals(stock.addWeight, addWeight);
  await withFolder(async (folder) => {
    const { model } = await loadModel(await saveModel(tf, tiny, folder));
    model.dispose();
  });
  assertEquals(stock.addWeight, addWeight);
});
