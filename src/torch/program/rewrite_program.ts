import type { LayersModel } from "../../engine/tensorflow.ts";
import { byteSource } from "../../model/files/byte_source.ts";
import { openZip } from "../../model/files/unzip.ts";
import { writeZip } from "../../model/files/zip.ts";
import { ModelError } from "../../model/model_error.ts";
import type { NewFile } from "../../model/new_folder.ts";
import { modelWeights } from "../../model/weights/model_weights.ts";
import { openProgram } from "./open_program.ts";

/**
 * Returns a model as the program that it was read from: the same files except for changed weights.
 *
 * @param model The model, with weights that may have changed.
 * @param path The file that it was read from.
 * @returns The file, by its own name.
 * @throws {ModelError} If a changed weight cannot be written into it.
 */
export async function rewriteProgram(model: LayersModel, path: string): Promise<NewFile> {
  const source = await byteSource(path);
  const { tensors } = openProgram(source, "");
  const changed = new Map<string, Uint8Array>();
  for (const { weightName, variable } of modelWeights(model)) {
    const stored = tensors.get(weightName);
    if (stored === undefined) continue;
    const values = variable.read().dataSync() as Float32Array;
    const own = Float32Array.from(stored.read());
    if (own.every((value, i) => Object.is(value, values[i]))) continue;
    if (stored.rewritten === undefined) {
      throw new ModelError({
        place: `${path}: ${weightName}`,
        found: "in a pickle",
        expected: "the layout of PyTorch 2.9 or later",
      });
    }
    const { path: name, bytes } = stored.rewritten(values, changed);
    changed.set(name, bytes);
  }
  const files = [...openZip(source, ModelError).values()].map((entry): NewFile => ({
    path: entry.name,
    bytes: changed.get(entry.name) ?? entry.read(),
  }));
  const name = path.slice(path.replaceAll("\\", "/").lastIndexOf("/") + 1);
  return { path: name, bytes: writeZip(files) };
}
