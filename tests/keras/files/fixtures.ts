import { gunzipSync } from "node:zlib";

/** Folder of the files that Keras wrote. */
export const FOLDER = new URL("../../../fixtures/files/keras/", import.meta.url);

/** A tensor as the figures have it. */
export interface SavedTensor {
  shape: number[];
  values: number[];
}

/** Keras's own figures of a model: see bench/peers/write_keras_files.py. */
export interface Figures {
  versions: Record<string, string>;
  inputs: SavedTensor[];
  targets: SavedTensor[];
  outputs: SavedTensor[];
  /** Root mean square of the output of each layer, by its path. */
  layers: Record<string, number>;
  /** Root mean square of the gradient of each weight, by its path. */
  gradients: Record<string, number>;
  /** Gradients of attentions along a direction, sum(g[i] * cos(i)). */
  gradientsAlong?: Record<string, number>;
  loss: string | null;
  /** The gradient of each weight, of the models that bench/peers/write_keras_layers.py writes. */
  entries?: Record<string, SavedTensor>;
}

/** The names of all files. */
export const FILES: string[] = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).sort();

/** The bytes of a file, unpacked if it is compressed. */
export function bytesOf(name: string): Uint8Array<ArrayBuffer> {
  const bytes = Deno.readFileSync(new URL(name, FOLDER));
  return name.endsWith(".gz") ? new Uint8Array(gunzipSync(bytes)) : bytes;
}

/** The figures of a model. */
export function figuresOf(name: string): Figures {
  const stem = name.replace(/\..*$/, "");
  return JSON.parse(Deno.readTextFileSync(new URL(`${stem}.json`, FOLDER)));
}

/** Does something with a file that has these bytes. */
export async function withFile<T>(
  name: string,
  bytes: Uint8Array,
  andThen: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/${name}`;
  try {
    await Deno.writeFile(path, bytes);
    return await andThen(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
