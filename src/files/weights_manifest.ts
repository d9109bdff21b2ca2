import { readUserText } from "./user_file.ts";
import { ModelError, unexpected } from "../core/model/model_error.ts";
import { refusal } from "../ground/words/input_error.ts";
import { builtin } from "../platform/builtins.ts";

/** Weight as the manifest declares it. */
export interface WeightSpec {
  /** Place in the file: `weightsManifest[0].weights[2]`. */
  place: string;
  /** Name. */
  name: string;
  /** Shape. */
  shape: number[];
  /** Type of its entries once read. */
  dtype: "float32" | "int32" | "bool";
  /** Packing of the entries, if they are packed. */
  quantization?: { dtype: "uint8" | "uint16" | "float16"; scale?: number; min?: number };
  /** `"optimizer"` for an entry that is not a weight of the model. */
  group?: string;
  /** Number of entries. */
  count: number;
  /** Number of bytes in the file. */
  bytes: number;
}

/** Weights whose bytes follow each other in a row of files. */
export interface WeightGroup {
  /** Place in the file: `weightsManifest[0]`. */
  place: string;
  /** Files, with the place in the manifest that names each. */
  files: { path: string; place: string }[];
  /** Weights. */
  specs: WeightSpec[];
  /** Number of bytes of all weights, and so of all files. */
  bytes: number;
}

const BYTES = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 };

/** Larger tensors cannot be addressed. */
const MAX_ENTRIES = 2 ** 31;

function parseSpec(value: unknown, place: string): WeightSpec {
  if (typeof value !== "object" || value === null) throw unexpected(place, value, "a weight");
  const { name, shape, dtype, quantization, group } = value as Record<string, unknown>;
  if (typeof name !== "string") throw unexpected(`${place}.name`, name, "a string");
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw unexpected(`${place}.shape`, shape, "an array of whole numbers");
  }
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
    throw unexpected(`${place}.dtype`, dtype, '"float32", "int32" or "bool"');
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (count > MAX_ENTRIES) {
    throw new ModelError(
      refusal`${place}.shape is [${shape.join(", ")}], expected at most 2^31 entries`,
    );
  }
  const packed = parseQuantization(quantization, `${place}.quantization`, dtype);
  const bytes = count * BYTES[packed?.dtype ?? dtype];
  return {
    place,
    name,
    shape,
    dtype,
    quantization: packed,
    group: typeof group === "string" ? group : undefined,
    count,
    bytes,
  };
}

function parseQuantization(
  value: unknown,
  place: string,
  dtype: WeightSpec["dtype"],
): WeightSpec["quantization"] {
  if (value === undefined || value === null) return undefined;
  const { dtype: packed, scale, min } = Object(value) as Record<string, unknown>;
  if (packed !== "uint8" && packed !== "uint16" && packed !== "float16") {
    throw unexpected(`${place}.dtype`, packed, '"uint8", "uint16" or "float16"');
  }
  if (dtype === "bool" || dtype === "int32" && packed === "float16") {
    throw new ModelError(
      refusal`${place}.dtype is ${packed}, expected no quantization of ${dtype}`,
    );
  }
  if (packed === "float16") return { dtype: packed };
  if (!Number.isFinite(scale)) throw unexpected(`${place}.scale`, scale, "a number");
  if (!Number.isFinite(min)) throw unexpected(`${place}.min`, min, "a number");
  return { dtype: packed, scale: scale as number, min: min as number };
}

/**
 * Reads the `weightsManifest` of a model.json.
 *
 * @param manifest The piece of JSON.
 * @throws {ModelError} If something in it is missing or wrong; the message starts with the place.
 */
export function parseWeightsManifest(manifest: unknown): WeightGroup[] {
  if (!Array.isArray(manifest)) {
    throw unexpected(
      "weightsManifest",
      manifest,
      "an array: the model must be saved with its weights",
    );
  }
  return manifest.map((group, g) => {
    const place = `weightsManifest[${g}]`;
    const { paths, weights } = Object(group) as Record<string, unknown>;
    if (!Array.isArray(paths)) throw unexpected(`${place}.paths`, paths, "an array of file names");
    if (!Array.isArray(weights)) {
      throw unexpected(`${place}.weights`, weights, "an array of weights");
    }
    const files = paths.map((path, i) => {
      const at = `${place}.paths[${i}]`;
      if (typeof path !== "string") throw unexpected(at, path, "a file name");
      return { path, place: at };
    });
    const specs = weights.map((weight, i) => parseSpec(weight, `${place}.weights[${i}]`));
    return { place, files, specs, bytes: specs.reduce((sum, spec) => sum + spec.bytes, 0) };
  });
}

/**
 * Returns the paths of the weight files that a model.json names. A file that cannot be read names
 * none: loading it says why.
 */
export async function weightFilesOf(path: string): Promise<string[]> {
  if (!/\.json$/i.test(path)) return [];
  const { dirname, join } = builtin("path");
  try {
    const { weightsManifest } = JSON.parse(await readUserText(path));
    return parseWeightsManifest(weightsManifest)
      .flatMap(({ files }) => files.map((file) => join(dirname(path), file.path)));
  } catch {
    return [];
  }
}
