import { InputError } from "../../../src/ground/words/input_error.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import type { Layer } from "../../../src/engine/tensorflow.ts";
import { measure, MeasureError } from "../../../src/entry/measure.ts";
import { loadModel, ModelError, randomBatch } from "../../../src/entry/model.ts";
import { baseModels, saved, type SavedModel } from "../base_models.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { disposeModel, guardCase } from "../guard_case.ts";
import { mutateJson } from "../mutate.ts";

export const target: FuzzTarget = {
  name: "model_files",
  about: "A damaged model.json is measured, or refused in a sentence with file and place.",
  shortRun: 150,
  async open() {
    const engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    const models: SavedModel[] = [];
    for (const make of baseModels(tf)) models.push(await saved(tf, make()));
    const folder = await Deno.makeTempDir();
    const path = `${folder}/model.json`;
    return {
      async tryOne(chance) {
        const { json, weights } = chance.one(models);
        // Most changes of a whole file hit the list of weights.
        const damaged = chance.happens(0.9)
          ? { ...json, modelTopology: mutateJson(json.modelTopology, chance) }
          : mutateJson(json, chance);
        await Deno.writeTextFile(path, JSON.stringify(damaged));
        await Deno.writeFile(`${folder}/weights.bin`, weights);
        await guardCase(tf, async () => {
          let model;
          try {
            ({ model } = await loadModel(path));
          } catch (error) {
            const file = new RegExp(`^${path}: `);
            return requireClearError(error, [ModelError], [file, PLACE]);
          }
          // Honest work takes its time.
          const sizes = model.layers.flatMap(sizesOf);
          if (Math.max(...sizes) > LARGEST) return disposeModel(tf, model);
          try {
            const batch = randomBatch(model, { examples: 2 });
            try {
              await measure(model, batch);
            } finally {
              tf.dispose(batch.inputs);
            }
          } catch (error) {
            requireClearError(error, [MeasureError, InputError, TypeError]);
          } finally {
            disposeModel(tf, model);
          }
        });
      },
      async [Symbol.asyncDispose]() {
        await Deno.remove(folder, { recursive: true });
        await engine.stop();
      },
    };
  },
};

/** The sizes of a layer's outputs, of all its calls. */
function sizesOf(layer: Layer): number[] {
  return layer.inboundNodes.flatMap(({ outputShapes }) => [outputShapes].flat(2) as number[]);
}

/** A model with a longer axis is loaded but not measured. */
const LARGEST = 100_000;

/** Places in a file, or names of its weights or files. */
const PLACE =
  /: ([tT]he file |format |"?(modelTopology|weightsManifest)|"[^"]*"|layer "|extra is nested)/;
