import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { exerciseModel, getWeights, loadModel } from "../../src/load/mod.ts";
import { predict, roundTrip } from "./round_trip.ts";
import { saveModel, withFolder } from "./save_model.ts";

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
