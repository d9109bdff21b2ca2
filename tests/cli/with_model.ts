import { assertRefuses } from "./refuses.ts";

const RELU = new URL("../../fixtures/golden/relu_he/", import.meta.url);

export const NETWORK = `const count = 1;
export const createModel = ({ tf }) => tf.sequential({
  layers: [
    tf.layers.dense({ units: 2, inputShape: [2] }),
    ...Array.from({ length: count }, () => tf.layers.activation({ activation: "tanh" })),
  ],
});
`;

/** Runs `body` in a folder of its own with a copy of a healthy model in it. */
export async function withModel(body: (folder: string, manifest: Manifest) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    for (const name of ["model.json", "weights.bin", "batch.json"]) {
      await Deno.copyFile(new URL(name, RELU), `${folder}/${name}`);
    }
    await body(folder, JSON.parse(await Deno.readTextFile(`${folder}/model.json`)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Manifest {
  modelTopology: { config: { layers: { class_name: string; config: Record<string, unknown> }[] } };
  weightsManifest: { paths: string[]; weights: { name: string; shape: number[] }[] }[];
}

export const save = (folder: string, manifest: Manifest) =>
  Deno.writeTextFile(`${folder}/model.json`, JSON.stringify(manifest));

export const refused = (folder: string, ...includes: string[]) =>
  assertRefuses(["report", `${folder}/model.json`, "--quiet"], includes);
