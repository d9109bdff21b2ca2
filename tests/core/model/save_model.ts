import type { LayersModel, TensorFlow } from "../../../src/engine/mod.ts";

/** Options of a model on disk. */
export interface SaveOptions {
  /** Bytes of a shard. Default: one file. */
  shard?: number;
  /** Changes the model.json before it is written. */
  // deno-lint-ignore no-explicit-any
  edit?: (json: any) => unknown;
  /** Changes the weights' bytes before they are written. */
  editWeights?: (bytes: Uint8Array) => Uint8Array;
  /** Name of a weight file. Default: `weights-I.bin`. */
  file?: (i: number) => string;
}

/** Writes a model as TensorFlow.js does; returns the path of its model.json. */
export async function saveModel(
  tf: TensorFlow,
  model: LayersModel,
  folder: string,
  options: SaveOptions = {},
): Promise<string> {
  const { edit = (json) => json, editWeights = (bytes) => bytes } = options;
  const { file = (i: number) => `weights-${i}.bin` } = options;
  await model.save(tf.io.withSaveHandler(async (artifacts) => {
    const bytes = editWeights(new Uint8Array(artifacts.weightData as ArrayBuffer));
    const size = options.shard ?? Math.max(bytes.length, 1);
    const paths: string[] = [];
    for (let start = 0; start < bytes.length; start += size) {
      paths.push(file(paths.length));
      await Deno.writeFile(`${folder}/${paths.at(-1)}`, bytes.subarray(start, start + size));
    }
    const json = edit({
      format: "layers-model",
      modelTopology: artifacts.modelTopology,
      weightsManifest: [{ paths, weights: artifacts.weightSpecs }],
    });
    await Deno.writeTextFile(`${folder}/model.json`, JSON.stringify(json));
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
  }));
  return `${folder}/model.json`;
}

/** Runs a function with a folder of its own, which is removed afterwards. */
export async function withFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "models #1 ü " });
  try {
    return await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
