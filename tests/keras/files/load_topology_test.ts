import { startEngine } from "../../../src/engine/mod.ts";
import { pairKerasWeights, setKerasWeights } from "../../../src/keras/files/keras_weights.ts";
import { openHdf5 } from "../../../src/keras/hdf5/open_hdf5.ts";
import { getWeights, loadModel } from "../../../src/entry/model.ts";
import { bytesOf, figuresOf, FOLDER, withFile } from "./fixtures.ts";
import { toManifest } from "./to_manifest.ts";
import { assertEquals, assertNotEquals } from "@std/assert";

const { tf } = await startEngine();

const topologyOf = (name: string) => new URL(`${name}.topology.json`, FOLDER).pathname;

for (const name of ["dense", "nested", "lstm", "grouped_query"]) {
  Deno.test(`loadModel() draws the weights of ${name}.topology.json from the seed`, async () => {
    const path = topologyOf(name);
    const zero = await loadModel(path);
    const again = await loadModel(path, { seed: 0 });
    const one = await loadModel(path, { seed: 1 });
    assertEquals([zero.kind, zero.seed, one.seed], ["keras", 0, 1]);
    assertEquals(getWeights(zero.model), getWeights(again.model));
    assertNotEquals(getWeights(zero.model), getWeights(one.model));
    const recreated = await again.recreate!(1);
    assertEquals(getWeights(recreated), getWeights(one.model));
    const stds = Object.entries(getWeights(one.model)).filter(([name]) => /kernel$/.test(name));
    for (const [name, { values }] of stds) assertNotEquals(new Set(values).size, 1, name);
    for (const { model } of [zero, again, one]) model.dispose();
    recreated.dispose();
  });

  Deno.test(`pairKerasWeights() puts ${name}.weights.h5 into the layers of its topology`, async () => {
    const { model } = await loadModel(topologyOf(name));
    const root = openHdf5(bytesOf(`${name}.weights.h5.gz`));
    setKerasWeights(tf, pairKerasWeights(model, root, null));
    const whole = await withFile("a.keras", bytesOf(`${name}.keras`), (path) => loadModel(path));
    assertEquals(getWeights(model), getWeights(whole.model));
    model.dispose();
    whole.model.dispose();
  });
}

for (
  const name of [
    "renumbered",
    "nested",
    "bidirectional",
    "conv2d",
    "masked_lstm",
    "mha_masked",
    "attention",
  ]
) {
  Deno.test(`loadModel() reads a model.json that was converted from Keras 3's ${name}.h5`, async () => {
    const { json, weights } = toManifest(bytesOf(`${name}.h5.gz`));
    const folder = await Deno.makeTempDir();
    await Deno.writeFile(`${folder}/weights.bin`, weights);
    await Deno.writeTextFile(`${folder}/model.json`, JSON.stringify(json));
    const { model } = await loadModel(`${folder}/model.json`);
    const whole = await withFile("a.keras", bytesOf(`${name}.keras`), (path) => loadModel(path));
    assertEquals(getWeights(model), getWeights(whole.model));
    assertEquals(figuresOf(`${name}.h5`).outputs.length, model.outputs.length);
    model.dispose();
    whole.model.dispose();
    await Deno.remove(folder, { recursive: true });
  });
}
