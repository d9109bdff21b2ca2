import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Fix } from "../../src/core/diagnosis/fix.ts";
import { kerasInitializers } from "../../src/cli/commands/run_fix.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { openZip } from "../../src/files/unzip.ts";
import {
  getWeights,
  rescaleWeights,
  setWeights,
} from "../../src/core/model/weights/model_weights.ts";
import { rewriteKeras } from "../../src/keras/files/rewrite_keras.ts";
import { loadModel } from "../../src/load/load_model.ts";
import { ModelError } from "../../src/core/model/model_error.ts";
import { withFolder } from "../core/model/save_model.ts";
import { runCommand } from "./run_command.ts";

const FILES = new URL("../../fixtures/files/keras/", import.meta.url);

const fix = (cwd: string, ...args: string[]) =>
  runCommand(["fix", ...args, "--quiet", "--columns", "1000"], { cwd });

/** Writes a file of the fixtures into a folder, unpacked. */
async function place(name: string, folder: string): Promise<string> {
  const packed = await Deno.readFile(new URL(name, FILES)).catch(() => null);
  const path = `${folder}/${name}`;
  if (packed !== null) await Deno.writeFile(path, packed);
  else {
    const gz = (await Deno.open(new URL(`${name}.gz`, FILES))).readable;
    await Deno.writeFile(path, gz.pipeThrough(new DecompressionStream("gzip")));
  }
  return path;
}

const configOf = (bytes: Uint8Array) =>
  JSON.parse(new TextDecoder().decode(openZip(bytes, ModelError).get("config.json")!.read()));

Deno.test("fix writes a .keras as Keras reads it: the same bytes but for the weights, and the initialisers", async () => {
  await using _engine = await startEngine();
  await withFolder(async (folder) => {
    const path = await place("dense.keras", folder);
    const { model } = await loadModel(path);
    // Biases that shut all units of the first layer: what is to be fixed.
    const ill = getWeights(model);
    for (const [name, { values }] of Object.entries(ill)) {
      if (name.endsWith("/bias")) values.fill(name === "dense/bias" ? -20 : 0);
    }
    setWeights(model, ill);
    const sick = await rewriteKeras(model, path, []);
    await Deno.writeFile(`${folder}/sick.keras`, sick.bytes);
    model.dispose();

    const { stdout, stderr } = await fix(
      folder,
      ...["sick.keras", "--objective", "categoricalCrossentropy", "--trial", "off", "--out", "out"],
    );
    assertEquals(stderr, "");
    assertStringIncludes(stdout, "Wrote into out: sick.keras, CHANGES.md.\n");
    assertStringIncludes(stdout, 'bias_initializer="zeros"  # in dense');
    assertEquals(/biasInitializer|TensorFlow/.test(stdout), false, stdout);

    const written = await Deno.readFile(`${folder}/out/sick.keras`);
    const files = openZip(written, ModelError);
    const original = openZip(sick.bytes, ModelError);
    assertEquals([...files.keys()], [...original.keys()]);
    assertEquals(files.get("metadata.json")!.read(), original.get("metadata.json")!.read());
    assertEquals(configOf(written), configOf(sick.bytes));

    const [fixed, again] = await Promise.all(
      ["out/sick.keras", "sick.keras"].map(async (name) =>
        getWeights((await loadModel(`${folder}/${name}`)).model)
      ),
    );
    assertEquals(Array.from(fixed["dense/bias"].values), [0, 0, 0, 0, 0]);
    for (const name of ["dense/kernel", "dense_1/kernel", "dense_2/bias"]) {
      assertEquals(fixed[name].values, again[name].values);
    }
    const changes = await Deno.readTextFile(`${folder}/out/CHANGES.md`);
    assertStringIncludes(changes, '```python\nbias_initializer="zeros"');
  });
});

Deno.test("a file of Keras without a change is written with the same weights, bit by bit", async (t) => {
  await using _engine = await startEngine();
  for (const name of ["conv2d.keras", "bidirectional.keras", "conv2d.h5", "dense_keras2.h5"]) {
    await t.step(name, async () => {
      await withFolder(async (folder) => {
        const path = await place(name, folder);
        const { model } = await loadModel(path);
        const { path: own, bytes } = await rewriteKeras(model, path, []);
        assertEquals(own, name);
        const before = await Deno.readFile(path);
        if (name.endsWith(".h5")) return assertEquals(bytes, before);
        const [was, is] = [before, bytes].map((one) => openZip(one, ModelError));
        for (const [file, entry] of was) assertEquals(is.get(file)!.read(), entry.read(), file);
        model.dispose();
      });
    });
  }
});

Deno.test("the configuration of a .keras gets the initialisers that are given, and keeps the rest", async () => {
  await using _engine = await startEngine();
  await withFolder(async (folder) => {
    const path = await place("dense.keras", folder);
    const { model } = await loadModel(path);
    const fixes: Fix[] = [
      {
        kind: "redraw",
        initializer: "heUniform",
        weights: [{ layer: "dense", weight: "dense/kernel", std: 1 }],
      },
      { kind: "set-bias", value: 2, weights: [{ layer: "dense_1", weight: "dense_1/bias" }] },
    ];
    const { bytes } = await rewriteKeras(model, path, kerasInitializers(fixes));
    model.dispose();
    const [was, is] = [await Deno.readFile(path), bytes].map(configOf);
    const [, { config: dense }, , { config: second }] = is.config.layers;
    assertEquals(dense.kernel_initializer, {
      module: "keras.initializers",
      class_name: "HeNormal",
      config: { seed: null },
      registered_name: null,
    });
    assertEquals(second.bias_initializer.class_name, "Constant");
    assertEquals(second.bias_initializer.config, { value: 2 });
    dense.kernel_initializer = was.config.layers[1].config.kernel_initializer;
    second.bias_initializer = was.config.layers[3].config.bias_initializer;
    assertEquals(is, was);
  });
});

Deno.test("the weights of a .h5 that have changed are written in their places", async () => {
  await using _engine = await startEngine();
  await withFolder(async (folder) => {
    const path = await place("conv2d.h5", folder);
    const { model } = await loadModel(path);
    rescaleWeights(model, 3);
    const { bytes } = await rewriteKeras(model, path, []);
    await Deno.writeFile(`${folder}/again.h5`, bytes);
    const { model: again } = await loadModel(`${folder}/again.h5`);
    const [wanted, found] = [model, again].map((one) =>
      Object.values(getWeights(one)).map(({ values }) => values)
    );
    assertEquals(found, wanted);
    for (const one of [model, again]) one.dispose();
  });
});

/** Layers as `to_json()` writes them: ten of tanh whose kernels are far too large. */
function topology(backend: string | undefined) {
  const input = {
    module: "keras.layers",
    class_name: "InputLayer",
    config: { name: "input_layer", batch_shape: [null, 20] },
  };
  const dense = (index: number) => ({
    module: "keras.layers",
    class_name: "Dense",
    config: {
      name: `dense_${index}`,
      units: 20,
      activation: "tanh",
      use_bias: true,
      kernel_initializer: {
        module: "keras.initializers",
        class_name: "RandomNormal",
        config: { mean: 0, stddev: 200, seed: null },
      },
    },
  });
  const layers = [input, ...Array.from({ length: 10 }, (_, i) => dense(i + 1))];
  return { class_name: "Sequential", config: { name: "deep", layers }, backend };
}

Deno.test("fixes for layers from to_json() are printed in the language of who wrote them", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/keras.json`, JSON.stringify(topology(undefined)));
    await Deno.writeTextFile(`${folder}/tfjs.json`, JSON.stringify(topology("tensor_flow.js")));
    const keras = await fix(folder, "keras.json", "--out", "fixed");
    assertEquals(keras.stderr, "");
    assertStringIncludes(keras.stdout, 'kernel_initializer="lecun_normal"');
    assertEquals(/kernelInitializer|model\.getLayer/.test(keras.stdout), false);
    const changes = await Deno.readTextFile(`${folder}/fixed/CHANGES.md`);
    assertStringIncludes(changes, "```python\n");
    const tfjs = await fix(folder, "tfjs.json");
    assertStringIncludes(tfjs.stdout, 'kernelInitializer: "leCunUniform"');
  });
});
