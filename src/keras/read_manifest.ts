import { builtin } from "../platform/builtins.ts";
import { locateGroups } from "./topology/load_weights.ts";
import { byteSource, joinedSource, piecesOf } from "../files/byte_source.ts";
import { decode, readersOf } from "../files/file_types.ts";
import { ModelError } from "../core/model/model_error.ts";
import { readJson } from "../files/read_json.ts";
import { parseWeightsManifest, type WeightSpec } from "../files/weights_manifest.ts";
import type { FileTensor, WeightsFile } from "../files/weights_file.ts";

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
  const { file: manifest } = await byteSource(path);
  const groups = await locateGroups(
    builtin("path").dirname(path),
    parseWeightsManifest(weightsManifest),
  );
  const tensors = groups.flatMap(({ specs, located }) => {
    const source = joinedSource(
      path,
      located.map(({ path, info }) => ({
        path,
        size: info.size,
        changed: info.mtime?.getTime() ?? null,
      })),
    );
    // The scales of packed weights are in the manifest.
    const whole = { ...source.file!, parts: [manifest!, ...source.file!.parts!] };
    let next = 0;
    return specs.flatMap((spec): FileTensor[] => {
      const offset = next;
      next += spec.bytes;
      if (spec.group === "optimizer") return [];
      const { name, shape, bytes: count, place: what } = spec;
      const { type, numbers } = packingOf(spec);
      const codes = () => source.read(offset, count, what);
      if (numbers === null) {
        const stored = { file: source.file!, offset };
        return [{ name, shape, type, read: () => decode(codes(), type), stored }];
      }
      const pieces = () => piecesOf(source, { from: offset, count, what });
      return [{
        name,
        shape,
        type,
        source: whole,
        ...readersOf(type, () => numbers(codes())),
        async *unpack() {
          for (const piece of pieces()) yield numbers(piece);
        },
      }];
    });
  });
  return { format: "TensorFlow.js", layout: "keras", tensors, notes: [] };
}

/**
 * Returns the type of a weight as it is read, and the bytes of that type for those of its codes;
 * `null` if it is read as it is.
 */
function packingOf({ dtype, quantization }: WeightSpec): {
  type: "float32" | "float16" | "int32" | "bool";
  numbers: ((codes: Uint8Array) => Uint8Array<ArrayBuffer>) | null;
} {
  if (quantization === undefined) return { type: dtype, numbers: null };
  const { dtype: type, scale = 1, min = 0 } = quantization;
  if (type === "float16") return { type, numbers: null };
  const numbers = (codes: Uint8Array) => {
    const values = Float64Array.from(decode(codes, type), (code) => code * scale + min);
    const entries = dtype === "int32"
      ? Int32Array.from(values, Math.round)
      : Float32Array.from(values);
    return new Uint8Array(entries.buffer);
  };
  return { type: dtype, numbers };
}
