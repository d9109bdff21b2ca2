import { withFolder } from "./save_model.ts";

/** Writes a module and hands its path to a function. */
export async function withModule<T>(
  text: string,
  run: (path: string) => Promise<T>,
  name = "net.ts",
): Promise<T> {
  return await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    return await run(`${folder}/${name}`);
  });
}

/** A dense layer whose weights are the seed. */
export const SEEDED = `({ tf, seed }: any) => tf.sequential({
  layers: [tf.layers.dense({
    units: 1,
    inputShape: [2],
    kernelInitializer: tf.initializers.constant({ value: seed }),
  })],
});`;
