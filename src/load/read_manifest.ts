import { dirname } from "node:path";
import { locateGroups } from "../keras/topology/load_weights.ts";
import { joinedSource } from "../model/files/byte_source.ts";
import { decode } from "../model/files/file_types.ts";
import { ModelError, readJson } from "../model/model_error.ts";
import {
  type FileTensor,
  parseWeightsManifest,
  type WeightsFile,
  type WeightSpec,
} from "../model/weights/weights_manifest.ts";

/**
 * Reads the weights of a model.json of TensorFlow.js, of any topology: also those of a
 * graph model, or of a `weights_manifest.json`.
 *
 * @throws {ModelError} If its weights are not where it says.
 */
export async function readManifestWeights(path: string): Promise<Omit<WeightsFile, "path">> {
  const found = await readJson(path, ModelError);
  // The first converters wrote a file of the manifest alone.
  const { weightsManifest } = Array.isArray(found) ? { weightsManifest: found } : Object(found);
  const groups = await locateGroups(dirname(path), parseWeightsManifest(weightsManifest));
  const tensors = groups.flatMap(({ specs, located }) => {
    const source = joinedSource(
      path,
      located.map(({ path, info }) => ({
        path,
        size: info.size,
        changed: info.mtime?.getTime() ?? null,
      })),
    );
    let next = 0;
    return specs.flatMap((spec): FileTensor[] => {
      const offset = next;
      next += spec.bytes;
      if (spec.group === "optimizer") return [];
      const { type, scale, min } = packingOf(spec);
      const read = () => {
        const entries = decode(source.read(offset, spec.bytes, spec.place), type);
        return scale === null ? entries : entries.map((code) => code * scale + min);
      };
      const { name, shape } = spec;
      return scale === null
        ? [{ name, shape, type, read, stored: { file: source.file!, offset } }]
        : [{ name, shape, type: "float32", read }];
    });
  });
  return { format: "TensorFlow.js", layout: "keras", tensors, notes: [] };
}

/** Returns the type of a weight in its file, and how codes become numbers. */
function packingOf(
  { dtype, quantization }: WeightSpec,
): {
  type: "float32" | "float16" | "uint8" | "uint16" | "int32" | "bool";
  scale: number | null;
  min: number;
} {
  const { dtype: type = dtype, scale = null, min = 0 } = quantization ?? {};
  return { type, scale, min };
}
