import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import type { LayersModel } from "../../src/engine/tensorflow.ts";
import {
  exerciseModel,
  getWeights,
  loadModel,
  ModelError,
  rescaleWeights,
  saveModel,
  setWeights,
} from "../../src/entry/model.ts";
import { loadByTensorFlow, namesIn } from "../core/model/read_saved.ts";
import { saveModel as saveByTensorFlow, withFolder } from "../core/model/save_model.ts";

const { tf } = await startEngine();

/**
 * Rescales one kernel of the model in a folder and saves it in another; gives the bytes of both
 * weight files.
 */
async function rescaleSaved(folder: string, path: string, factor: number) {
  const { model } = await loadModel(path);
  rescaleWeights(model, factor, { layers: ["dense_2"] });
  const copy = await saveModel(model, `${folder}/copy`, { like: path });
  model.dispose();
  const names = namesIn(`${folder}/copy`).filter((name) => name !== "model.json");
  return {
    copy,
    names,
    before: names.map((name) => Deno.readFileSync(`${folder}/${name}`)),
    after: names.map((name) => Deno.readFileSync(`${folder}/copy/${name}`)),
  };
}

Deno.test("saveModel() writes what TensorFlow.js and loadModel() read, to the bit", async () => {
  await withFolder(async (folder) => {
    const saved = exerciseModel({ width: 5, depth: 2 });
    const path = await saveModel(saved, `${folder}/new/fixed model`);
    assertEquals(path, `${folder}/new/fixed model/model.json`);
    assertEquals(namesIn(`${folder}/new/fixed model`), ["group1-shard1of1.bin", "model.json"]);
    const { model } = await loadModel(path);
    assertEquals(getWeights(model), getWeights(saved));
    const theirs = await loadByTensorFlow(tf, path);
    assertEquals(Object.values(getWeights(theirs)), Object.values(getWeights(saved)));
    for (const one of [saved, model, theirs]) one.dispose();
  });
});

Deno.test("saveModel() cuts more than 4 MiB of weights into several files", async () => {
  await withFolder(async (folder) => {
    const saved = tf.sequential({ layers: [tf.layers.dense({ units: 1100, inputShape: [1100] })] });
    const path = await saveModel(saved, `${folder}/large`);
    const names = ["group1-shard1of2.bin", "group1-shard2of2.bin"];
    assertEquals(namesIn(`${folder}/large`), [...names, "model.json"]);
    assertEquals(Deno.statSync(`${folder}/large/${names[0]}`).size, 4 * 2 ** 20);
    const { model } = await loadModel(path);
    const theirs = await loadByTensorFlow(tf, path);
    const [own] = Object.values(getWeights(saved));
    for (const one of [model, theirs]) {
      assertEquals(Object.values(getWeights(one))[0].values, own.values);
      one.dispose();
    }
    saved.dispose();
  });
});

Deno.test("saveModel() like a file that nothing was changed of copies it, byte for byte", async () => {
  await withFolder(async (folder) => {
    const saved = exerciseModel({ width: 5, depth: 2 });
    await Deno.mkdir(`${folder}/a/b c`, { recursive: true });
    const path = await saveByTensorFlow(tf, saved, folder, {
      shard: 100,
      file: (i) => i === 0 ? "a/b c/w.bin" : `weights-${i}.bin`,
      edit: (json) => ({ ...json, trainingConfig: { loss: "mean_squared_error" }, own: [1] }),
    });
    saved.dispose();
    // Spaces that no program would write again.
    await Deno.writeTextFile(path, `\n ${await Deno.readTextFile(path)} `);
    const { model } = await loadModel(path);
    await saveModel(model, `${folder}/copy`, { like: path });
    model.dispose();
    const files = ["model.json", "a/b c/w.bin", "weights-1.bin", "weights-2.bin"];
    for (const file of files) {
      assertEquals(
        Deno.readFileSync(`${folder}/copy/${file}`),
        Deno.readFileSync(`${folder}/${file}`),
      );
    }
  });
});

Deno.test("saveModel() like a file changes the bytes of no other weight", async () => {
  await withFolder(async (folder) => {
    const saved = exerciseModel({ width: 5, depth: 2 });
    const path = await saveByTensorFlow(tf, saved, folder, { shard: 100 });
    const { copy, names, before, after } = await rescaleSaved(folder, path, 1 / 4);
    assertEquals(names.length, 3);
    // dense_1 takes 5 by 5 and 5 entries: 120 bytes; the kernel of dense_2 the 100 after that.
    const [was, is] = [before, after].map((files) => files.flatMap((file) => [...file]));
    assertEquals(is.length, was.length);
    const differ = is.flatMap((byte, i) => byte === was[i] ? [] : [i]);
    assert(differ.length > 0 && differ.every((i) => i >= 120 && i < 220), `${differ}`);
    const theirs = await loadByTensorFlow(tf, copy);
    const kernels = [theirs, saved].map((one) => Object.values(getWeights(one))[2].values);
    assertEquals([...kernels[0]], [...kernels[1]].map((value) => value / 4));
    theirs.dispose();
    saved.dispose();
  });
});

/** Packs the only group of a saved model as `tensorflowjs_converter --quantize_...` does. */
function packed(dtype: "float16" | "uint8" | "uint16", model: LayersModel) {
  const entries = Object.values(getWeights(model)).map(({ values }) => values);
  const scales = entries.map((values) => {
    const min = Math.min(...values);
    const max = Math.max(...values);
    const levels = dtype === "uint8" ? 255 : 65535;
    return { dtype, min, scale: (max - min) / levels || 1 };
  });
  const files = entries.map((values, i) => {
    if (dtype === "float16") return new Uint8Array(Float16Array.from(values).buffer);
    const steps = [...values].map((value) => Math.round((value - scales[i].min) / scales[i].scale));
    return new Uint8Array((dtype === "uint8" ? Uint8Array : Uint16Array).from(steps).buffer);
  });
  return {
    editWeights: () => Uint8Array.from(files.flatMap((file) => [...file])),
    // deno-lint-ignore no-explicit-any -- a model.json
    edit: (json: any) => {
      // deno-lint-ignore no-explicit-any -- a weight of it
      json.weightsManifest[0].weights.forEach((weight: any, i: number) => {
        weight.quantization = dtype === "float16" ? { dtype } : scales[i];
      });
      return json;
    },
  };
}

for (const dtype of ["float16", "uint8", "uint16"] as const) {
  Deno.test(`saveModel() like a file of ${dtype} packs a changed weight the same way`, async () => {
    await withFolder(async (folder) => {
      const saved = exerciseModel({ width: 5, depth: 2, std: 1 });
      const path = await saveByTensorFlow(tf, saved, folder, packed(dtype, saved));
      saved.dispose();
      const { model: original } = await loadModel(path);
      const weights = Object.values(getWeights(original));
      const { copy, before, after } = await rescaleSaved(folder, path, 1 / 4);
      assertEquals(after[0].length, before[0].length);
      // Rescaling takes a quarter of the range, not of the steps.
      if (dtype !== "float16") assertEquals(after, before);
      const theirs = await loadByTensorFlow(tf, copy);
      Object.values(getWeights(theirs)).forEach(({ name, values }, i) => {
        const expected = weights[i].values.map((value) => i === 2 ? value / 4 : value);
        if (i !== 2) assertEquals(values, expected, name);
        else values.forEach((value, j) => assert(Math.abs(value - expected[j]) < 1e-6, name));
      });
      theirs.dispose();
      original.dispose();
    });
  });
}

Deno.test("saveModel() packs a weight of another range anew, within half a step", async () => {
  await withFolder(async (folder) => {
    const saved = exerciseModel({ width: 5, depth: 2, std: 1 });
    const path = await saveByTensorFlow(tf, saved, folder, packed("uint8", saved));
    saved.dispose();
    const { model } = await loadModel(path);
    const bias = [1, 2, 3, 4, 101];
    setWeights(model, { "dense_2/bias": bias });
    const { model: copy } = await loadModel(
      await saveModel(model, `${folder}/copy`, { like: path }),
    );
    getWeights(copy)["dense_2/bias"].values.forEach((value, i) =>
      assert(Math.abs(value - bias[i]) <= 50 / 255 + 1e-6, `${value}`)
    );
    model.dispose();
    copy.dispose();
  });
});

Deno.test("saveModel() like a file of another model says so and leaves nothing behind", async () => {
  await withFolder(async (folder) => {
    const other = exerciseModel({ width: 3, depth: 1 });
    const path = await saveByTensorFlow(tf, other, folder);
    other.dispose();
    const model = exerciseModel({ width: 5, depth: 1 });
    const before = namesIn(folder);
    for (const like of [path, `${folder}/none.json`]) {
      const error = await assertRejects(
        () => saveModel(model, `${folder}/a/b`, { like }),
        ModelError,
      );
      assertStringIncludes(error.message, like);
    }
    assertEquals(namesIn(folder), before);
    model.dispose();
  });
});
