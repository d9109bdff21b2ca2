import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel, ModelError } from "../../../src/entry/model.ts";
import { bytesOf, FILES } from "../../keras/files/fixtures.ts";
import { packKeras, unpackKeras } from "../../keras/files/pack_keras.ts";
import { golden } from "../../engine/optimizers/golden.ts";
import type { Chance } from "../chance.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { disposeModel, guardCase } from "../guard_case.ts";
import { damagedBytes, mutateJson } from "../mutate.ts";

export const target: FuzzTarget = {
  name: "keras_files",
  about: "A damaged .keras or .h5 is loaded, or refused in a sentence with file and place.",
  shortRun: 150,
  async open() {
    const engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    const folder = await Deno.makeTempDir();
    const archives = FILES.filter((name) => name.endsWith(".keras")).map(bytesOf);
    const singles = FILES.filter((name) => name.endsWith(".h5.gz")).map(bytesOf);
    return {
      async tryOne(chance) {
        const isArchive = chance.happens(0.5);
        const bytes = isArchive
          ? damagedArchive(chance.one(archives), chance)
          : damagedBytes(chance.one(singles), chance);
        const path = `${folder}/model.${isArchive ? "keras" : "h5"}`;
        await Deno.writeFile(path, bytes);
        await guardCase(tf, async () => {
          try {
            disposeModel(tf, (await loadModel(path)).model);
          } catch (error) {
            requireClearError(error, [ModelError], [new RegExp(`^${path}: `)]);
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

/** Most of an archive is checked by its sums: what is in it is damaged, then packed again. */
function damagedArchive(archive: Uint8Array, chance: Chance): Uint8Array {
  if (chance.happens(0.1)) return damagedBytes(archive, chance);
  const { config: own, weights } = unpackKeras(archive);
  const { saved: optimizer } = chance.one(golden.optimizers);
  const config = chance.happens(0.5)
    ? own
    : { ...Object(own), compile_config: { optimizer, loss: "mse" } };
  return chance.happens(0.5)
    ? packKeras({ config: mutateJson(config, chance), weights })
    : packKeras({ config, weights: damagedBytes(weights, chance) });
}
