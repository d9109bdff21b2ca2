import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";

/** The names in a folder, in order. */
export function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** Loads a model from disk with nothing but TensorFlow.js's own loader. */
export async function loadByTensorFlow(tf: TensorFlow, path: string): Promise<LayersModel> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const { weightsManifest, ...json } = JSON.parse(await Deno.readTextFile(path));
  // deno-lint-ignore no-explicit-any -- groups of a model.json
  const groups: any[] = weightsManifest;
  const bytes = groups.flatMap(({ paths }) => paths as string[])
    .map((file) => Deno.readFileSync(`${folder}/${file}`));
  const weightData = await new Blob(bytes).arrayBuffer();
  const weightSpecs = groups.flatMap(({ weights }) => weights);
  return await tf.loadLayersModel({
    load: () => Promise.resolve({ ...json, weightSpecs, weightData }),
  });
}
