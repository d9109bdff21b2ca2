import { InputError } from "../../../src/ground/words/input_error.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import { measure, MeasureError } from "../../../src/entry/measure.ts";
import { loadModel, ModelError, randomBatch } from "../../../src/entry/model.ts";
import { bytesOf } from "../../keras/files/fixtures.ts";
import { packKeras, unpackKeras } from "../../keras/files/pack_keras.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { disposeModel, guardCase } from "../guard_case.ts";
import { mutateJson } from "../mutate.ts";

/** Models of the layers that are written here. */
const MODELS = [
  "adaptive",
  "adapted",
  "attention",
  "einsum_dense",
  "group_norms",
  "grouped_query",
  "mha_gated",
  "mha_self",
  "rms_norms",
  "sequences",
  "spectral_norms",
  "unit_norms",
];

export const target: FuzzTarget = {
  name: "keras_layers",
  about: "A damaged layer of Keras is refused in a clear sentence, or a pass goes through it.",
  shortRun: 100,
  async open() {
    const engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    const path = await Deno.makeTempFile({ suffix: ".keras" });
    const archives = MODELS.map((name) => unpackKeras(bytesOf(`${name}.keras`)));
    return {
      async tryOne(chance) {
        const { config, weights } = chance.one(archives);
        const damaged = structuredClone(config) as { config: { layers: { config: unknown }[] } };
        const layer = chance.one(damaged.config.layers);
        layer.config = mutateJson(layer.config, chance);
        await Deno.writeFile(path, packKeras({ config: damaged, weights }));
        await guardCase(tf, async () => {
          try {
            const { model } = await loadModel(path);
            try {
              const batch = randomBatch(model, { examples: 2 });
              await measure(model, batch).finally(() => tf.dispose(batch as never));
            } finally {
              disposeModel(tf, model);
            }
          } catch (error) {
            // Sizes that no heap holds are an InputError of the pass.
            requireClearError(error, [ModelError, MeasureError, InputError]);
          }
        });
      },
      async [Symbol.asyncDispose]() {
        await Deno.remove(path);
        await engine.stop();
      },
    };
  },
};
