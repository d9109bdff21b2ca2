import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel } from "../../../src/entry/model.ts";
import { gradients } from "../../../src/entry/measure.ts";
import { bytesOf, figuresOf, FILES, type SavedTensor, withFile } from "./fixtures.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

const { tf } = await startEngine();

/** Largest distance of an entry from Keras's, relative to the largest entry of its tensor. */
const TOLERANCE = 1e-4;

const tensor = ({ shape, values }: SavedTensor, dtype: "float32" | "int32") =>
  tf.tensor(values, shape, dtype);

/** The models of bench/peers/write_keras_layers.py: their figures have every entry of the gradients. */
const NAMES = FILES.filter((name) =>
  /\.(keras|h5\.gz)$/.test(name) && figuresOf(name).entries !== undefined
);

Deno.test("the layers that TensorFlow.js lacks have their files", () => {
  assertEquals(NAMES.length >= 14, true);
});

for (const file of NAMES) {
  Deno.test(`gradients() of ${file} are Keras's, entry by entry`, async () => {
    const { inputs, targets, entries, versions } = figuresOf(file);
    assertEquals(versions.keras.split(".").length, 3);
    const name = file.replace(/\.gz$/, "");
    const { model } = await withFile(name, bytesOf(file), (path) => loadModel(path));
    const x = inputs.map((one, i) => tensor(one, model.inputs[i].dtype as "float32"));
    const t = targets.map((one) => tensor(one, "float32"));
    const found = await gradients(model, {
      inputs: x.length === 1 ? x[0] : x,
      targets: t.length === 1 ? t[0] : t,
    } as never, { objective: "meanSquaredError", batchNormalization: "inference" });
    const byName = new Map(found.map(({ name, tensor }) => [name, tensor]));
    const largest = (all: number[]) => Math.max(...all.map(Math.abs));
    // A gradient that is 0 except for rounding is compared with the model's other gradients.
    const floor = 0.01 * Math.max(...Object.values(entries!).map(({ values }) => largest(values)));
    for (const [path, { shape, values }] of Object.entries(entries!)) {
      const own = (byName.get(path) ??
        byName.get(path.replace(/kernel$/, "depthwise_kernel"))) as ReturnType<typeof tensor>;
      assertEquals(own?.shape, shape, path);
      const scale = Math.max(largest(values), floor);
      own.dataSync().forEach((value, i) => {
        assertAlmostEquals(value, values[i], TOLERANCE * scale, `${path}, entry ${i}`);
      });
    }
    model.dispose();
  });
}
