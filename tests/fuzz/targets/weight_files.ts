import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel, ModelError } from "../../../src/entry/model.ts";
import { baseModels, saved, type SavedModel } from "../base_models.ts";
import type { Chance } from "../chance.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { disposeModel, guardCase } from "../guard_case.ts";
import { mutateBytes, mutateJson } from "../mutate.ts";

export const target: FuzzTarget = {
  name: "weight_files",
  about: "Damaged weights are loaded bit by bit as they stand, or refused in a clear sentence.",
  shortRun: 150,
  async open() {
    const engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    const models: SavedModel[] = [];
    for (const make of baseModels(tf)) models.push(await saved(tf, make()));
    const outside = await Deno.makeTempDir();
    const folder = `${outside}/model`;
    const path = `${folder}/model.json`;
    await Deno.mkdir(folder);
    return {
      async tryOne(chance) {
        const { json, weights } = chance.one(models);
        const packed = chance.happens(0.3) ? quantized(json, weights, chance) : { json, weights };
        const split = shards(packed.weights, chance);
        const whole = structuredClone(packed.json.weightsManifest);
        whole[0].paths = split.map((_, i) => `w${i}.bin`);
        const damagesBytes = chance.happens(0.3);
        const manifest = chance.happens(damagesBytes ? 0.3 : 0.9)
          ? mutateJson(whole, chance)
          : whole;
        const hasLinks = chance.happens(0.05);
        for (const [i, bytes] of split.entries()) {
          const file = `${folder}/w${i}.bin`;
          const written = damagesBytes && chance.happens(0.5) ? mutateBytes(bytes, chance) : bytes;
          split[i] = new Uint8Array(written);
          await Deno.writeFile(hasLinks ? `${outside}/w${i}.bin` : file, split[i]);
          if (hasLinks) await Deno.symlink(`${outside}/w${i}.bin`, file);
        }
        await Deno.writeTextFile(
          path,
          JSON.stringify({ ...packed.json, weightsManifest: manifest }),
        );
        try {
          await guardCase(tf, async () => {
            try {
              const { model } = await loadModel(path);
              const isWhole = manifest === whole && packed.json === json;
              try {
                if (hasLinks && weights.length > 0) throw new Error("what lies outside was read");
                if (isWhole) requireSame(model.getWeights().map((one) => one.dataSync()), split);
              } finally {
                disposeModel(tf, model);
              }
            } catch (error) {
              requireClearError(error, [ModelError], [new RegExp(`^${path}: `), PLACE]);
            }
          });
        } finally {
          for (const i of split.keys()) await Deno.remove(`${folder}/w${i}.bin`);
        }
      },
      async [Symbol.asyncDispose]() {
        await Deno.remove(outside, { recursive: true });
        await engine.stop();
      },
    };
  },
};

/** Places in a file, or names of files. */
const PLACE = /: (weightsManifest|"[^"]*"|modelTopology|layer ")/;

/** The bytes cut into one to three files. */
function shards(bytes: Uint8Array, chance: Chance): Uint8Array[] {
  const cuts = chance.list(0, 2, () => chance.integer(0, bytes.length)).sort((a, b) => a - b);
  return [...cuts, bytes.length].map((end, i) => bytes.slice(i === 0 ? 0 : cuts[i - 1], end));
}

/** The same model with its weights packed into bytes or half floats, whatever they then mean. */
function quantized(
  { ...json }: SavedModel["json"],
  weights: Uint8Array,
  chance: Chance,
): SavedModel {
  const dtype = chance.one(["uint8", "uint16", "float16"]);
  const manifest = structuredClone(json.weightsManifest);
  for (const spec of manifest[0].weights) {
    spec.quantization = { dtype, scale: chance.uniform(), min: chance.uniform() - 0.5 };
  }
  const bytes = weights.slice(0, weights.length / (dtype === "uint8" ? 4 : 2));
  return { json: { ...json, weightsManifest: manifest }, weights: bytes };
}

/** Compares weights bit by bit with the bytes that were written. */
function requireSame(weights: ArrayLike<number>[], files: Uint8Array[]): void {
  const bytes = new Uint8Array(files.flatMap((file) => [...file]));
  const found = weights.flatMap((one) => [...new Uint8Array(Float32Array.from(one).buffer)]);
  const isNaNs = (at: number) =>
    Number.isNaN(new DataView(bytes.buffer).getFloat32(at - at % 4, true));
  const other = found.findIndex((byte, at) => byte !== bytes[at] && !isNaNs(at));
  if (found.length !== bytes.length || other !== -1) {
    throw new Error(`byte ${other} of the weights is not as the files have it`);
  }
}
