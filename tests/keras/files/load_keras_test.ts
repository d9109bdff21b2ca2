import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel, loadWeights, ModelError } from "../../../src/entry/model.ts";
import { leafLayers } from "../../../src/core/model/layers/leaf_layers.ts";
import { measure } from "../../../src/entry/measure.ts";
import { bytesOf, figuresOf, FILES, type SavedTensor, withFile } from "./fixtures.ts";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";

const { tf } = await startEngine();

/** The files of whole models. */
const MODELS = FILES.filter((name) =>
  /\.(keras|h5\.gz)$/.test(name) && !name.includes(".weights.")
);

/** Largest distance of a figure from Keras's, relative to the largest figure of its kind. */
const TOLERANCE = 1e-4;

function requireNear(found: number, expected: number, scale: number, what: string): void {
  assertAlmostEquals(found, expected, TOLERANCE * Math.max(scale, 1e-3), what);
}

const tensor = ({ shape, values }: SavedTensor, dtype: "float32" | "int32") =>
  tf.tensor(values, shape, dtype);

for (const file of MODELS) {
  const figures = figuresOf(file);
  const { keras, jax } = figures.versions;
  Deno.test(`loadModel() gives ${file} the figures of Keras ${keras}${jax ? " on JAX" : ""}`, async () => {
    const name = file.replace(/\.gz$/, "");
    const { model, kind } = await withFile(name, bytesOf(file), (path) => loadModel(path));
    assertEquals(kind, "keras");
    const dtypes = model.inputs.map(({ dtype }) => dtype as "float32");
    const inputs = figures.inputs.map((one, i) => tensor(one, dtypes[i]));
    const targets = figures.targets.map((one) => tensor(one, "float32"));
    const outputs = [model.predict(inputs.length === 1 ? inputs[0] : inputs)].flat();
    assertEquals(outputs.map(({ shape }) => shape), figures.outputs.map(({ shape }) => shape));
    outputs.forEach((output, i) => {
      const { values } = figures.outputs[i];
      const scale = Math.max(...values.map(Math.abs));
      output.dataSync().forEach((value, k) => {
        requireNear(value, values[k], scale, `output ${i}, entry ${k}`);
      });
    });
    const { layers } = await measure(model, {
      inputs: inputs.length === 1 ? inputs[0] : inputs,
      targets: targets.length === 1 ? targets[0] : targets,
    } as never, { objective: "meanSquaredError", batchNormalization: "inference" });
    for (const [name, expected] of Object.entries(figures.layers)) {
      const layer = layers.find((one) => one.name === name);
      if (layer?.activations === undefined || layer.activations === null) continue;
      requireNear(layer.activations.rms, expected, expected, `output of ${name}`);
    }
    const gradients = new Map(
      layers.flatMap(({ weights }) =>
        weights.flatMap(({ name, gradients }) => gradients === null ? [] : [[name, gradients]])
      ) as [string, { rms: number }][],
    );
    const largest = Math.max(...Object.values(figures.gradients));
    for (const [path, expected] of Object.entries(figures.gradients)) {
      const found = gradients.get(path) ??
        gradients.get(path.replace(/kernel$/, "depthwise_kernel"));
      assert(found !== undefined, `${path} is none of ${[...gradients.keys()].join(", ")}`);
      requireNear(found.rms, expected, largest, `gradient of ${path}`);
    }
    assertEquals(gradients.size, Object.keys(figures.gradients).length);
    const { loss } = model;
    const expected = { mse: "meanSquaredError", mae: "meanAbsoluteError" }[figures.loss ?? ""];
    assertEquals(typeof loss === "string" ? loss : undefined, expected);
    tf.dispose([...inputs, ...targets, ...outputs]);
    model.dispose();
  });
}

/** Files whose names of weights are not those of their layers, of which several look alike. */
const AMBIGUOUS = new Set([
  "masks_merging.keras",
  "v3_nested_keras2.keras",
  "v3_residual_keras2.keras",
]);

Deno.test("loadWeights() names each layer that a file of Keras fills, and fills no other", async () => {
  for (const file of MODELS) {
    await withFile(file.replace(/\.gz$/, ""), bytesOf(file), async (path) => {
      const { model } = await loadModel(path);
      const valuesOf = () => tf.tidy(() => model.getWeights().map((w) => [...w.dataSync()]));
      const saved = valuesOf();
      tf.tidy(() => model.setWeights(model.getWeights().map((w) => tf.zerosLike(w))));
      if (AMBIGUOUS.has(file)) {
        await assertRejects(() => loadWeights(model, path), ModelError, " both fit layers ");
        return model.dispose();
      }
      const { layers } = await loadWeights(model, path);
      assertEquals(valuesOf(), saved, file);
      const filled = leafLayers(model).filter(({ layer }) => layer.weights.length > 0);
      assertEquals(layers.map(({ layer }) => layer), filled.map(({ path }) => path), file);
      assert(layers.every(({ from }) => from !== ""), file);
      model.dispose();
    });
  }
});
