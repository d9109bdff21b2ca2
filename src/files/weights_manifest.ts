import { isObject } from "../ground/words/shape.ts";
import { escapeControls, showValue } from "../ground/words/show_value.ts";
import { BatchError } from "../core/model/batches/batch.ts";
import type { FileIdentity } from "./byte_source.ts";
import { readUserText } from "./user_file.ts";
import { ModelError, unexpected } from "../core/model/model_error.ts";
import { refusal } from "../ground/words/input_error.ts";

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
  const { dirname, join } = await import("node:path");
  try {
    const { weightsManifest } = JSON.parse(await readUserText(path));
    return parseWeightsManifest(weightsManifest)
      .flatMap(({ files }) => files.map((file) => join(dirname(path), file.path)));
  } catch {
    return [];
  }
}

/** Type of a tensor's entries in a file. */
export type FileType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint64"
  | "uint32"
  | "uint16"
  | "uint8"
  | "bool"
  | "float8"
  | "float8_e4m3"
  | "float8_e5m2"
  | "float8_e4m3fnuz"
  | "float8_e5m2fnuz"
  | "float6"
  | "float4"
  | "complex64"
  | "complex128";

/** Tensor in a file; its entries are only read on demand. */
export interface FileTensor {
  /** Name: `layer1.0.conv1.weight`. */
  name: string;
  /** Shape. */
  shape: number[];
  /** Type of the entries in the file. */
  type: FileType;
  /** Reads the entries as float32, row-major. */
  read(): Float32Array<ArrayBuffer>;
  /**
   * Returns the entries as the file has them, little-endian and row-major; absent if they are in
   * another order.
   */
  bytes?(): Uint8Array;
  /**
   * Yields those bytes in pieces, each of which may be written over the one before: of a packed
   * tensor, or of one in another order, for which nothing is awaited.
   */
  unpack?(): AsyncIterable<Uint8Array<ArrayBuffer>> | Iterable<Uint8Array<ArrayBuffer>>;
  /**
   * Place of the entries, row-major and without gaps, in a file on the disk; absent if they are
   * packed or in another order.
   */
  stored?: { file: FileIdentity; offset: number };
  /**
   * Place of the entries in a file on the disk if they are there without gaps in another order, with
   * the axes of the tensor in that order, outermost first.
   */
  permuted?: { file: FileIdentity; offset: number; axes: number[] };
  /** File that has it, as the user does: not a temporary copy. */
  source?: FileIdentity;
  /** Name of the file that has it, if the weights are in several. */
  shard?: string;
}

/** Facts about a network from the `config.json` beside its weights; `null` if it lacks one. */
export interface NetworkConfig {
  /** Class of the network: `LlamaForCausalLM`. */
  architecture: string;
  /** Number of blocks. */
  layers: number | null;
  /** Number of attention heads. */
  heads: number | null;
  /** Number of heads of keys and values. */
  keyValueHeads: number | null;
  /** True if the head uses the matrix of the embedding. */
  tiesEmbeddings: boolean | null;
}

/** File that holds weights and no topology. */
export interface WeightsFile {
  /** Path of the file, as the caller put it. */
  path: string;
  /** Format of the file: `PyTorch` for a file of `torch.save` or `torch.export.save`. */
  format: "safetensors" | "PyTorch" | "Keras" | "TensorFlow.js" | "NumPy";
  /**
   * Order of the axes of kernels, and names of weights. Default: `"pytorch"`, `[out, in, ...window]`;
   * `"keras"` is `[...window, in, out]`, as Flax has it, too.
   */
  layout?: "keras" | "pytorch";
  /** Tensors, in the order of the file. */
  tensors: FileTensor[];
  /** Notes on how it was read, a sentence each. */
  notes: string[];
  /** Facts from the `config.json` beside it; absent if there is none. */
  config?: NetworkConfig;
}

/** Largest number of names in a note. */
const MAX_NAMES = 4;

/** Returns the note on the contents of a file of weights that are left out; none if nothing is. */
export function leftOut(names: readonly string[], why: string): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, MAX_NAMES).map(showValue).join(", ");
  return [`${shown}${names.length > MAX_NAMES ? " ..." : ""} left out: ${why}.`];
}

/** Tensor of a file of any kind. */
export interface ParsedTensor {
  /** Place in the file: `"inputs"`, `"targets[1]"`. */
  place: string;
  /** Shape. */
  shape: number[];
  /** Entries, row-major, in double precision: whole numbers stay whole. */
  values: ArrayLike<number>;
}

/** TensorFlow.js has no tensor of a higher rank. */
export const MAX_RANK = 6;

const WORDS: Record<string, number> = { NaN, Infinity, "-Infinity": -Infinity };

/** Parses an entry of a tensor in JSON: a number, or the name of one that JSON does not have. */
function parseEntry(value: unknown, place: string): number {
  const number = typeof value === "string" && Object.hasOwn(WORDS, value) ? WORDS[value] : value;
  if (typeof number !== "number") {
    throw new BatchError({
      place,
      found: showValue(value),
      expected: 'a number (or "NaN", "Infinity", "-Infinity")',
    });
  }
  // Infinity and NaN are written as names, so an infinite number was written as one that is too
  // large.
  if (typeof value === "number" && !Number.isFinite(Math.fround(value))) {
    const found = Number.isFinite(value) ? `${value}` : "too large";
    throw new BatchError(
      refusal`${place} is ${found}, expected a number in the range of float32 (3.4e38)`,
    );
  }
  return number;
}

function parseNested(value: unknown, place: string): ParsedTensor {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0]) shape.push(level.length);
  if (shape.length > MAX_RANK) {
    throw new BatchError(
      refusal`${place} is nested ${shape.length} deep, expected at most ${MAX_RANK}`,
    );
  }
  const values: number[] = [];
  const visit = (part: unknown, axis: number, at: string) => {
    if (axis === shape.length) {
      values.push(parseEntry(part, at));
    } else if (!Array.isArray(part) || part.length !== shape[axis]) {
      throw new BatchError(
        refusal`${at} is ${showValue(part)}, expected an array of ${
          shape[axis]
        } like the first one`,
      );
    } else {
      part.forEach((inner, i) => visit(inner, axis + 1, `${at}[${i}]`));
    }
  };
  visit(value, 0, place);
  return { place, shape, values };
}

function parseFlat(value: { shape?: unknown; values?: unknown }, place: string): ParsedTensor {
  const { shape, values } = value;
  const isShape = Array.isArray(shape) && shape.length <= MAX_RANK &&
    shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!isShape) {
    const found = shape === undefined ? "missing" : showShapeOf(shape);
    throw new BatchError(
      refusal`${place}.shape is ${found}, expected an array of at most ${MAX_RANK} whole numbers`,
    );
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (!Array.isArray(values) || values.length !== count) {
    throw new BatchError({
      place: `${place}.values`,
      found: values === undefined ? "missing" : showValue(values),
      expected: `an array of ${count} numbers for shape [${shape.join(", ")}]`,
    });
  }
  return {
    place,
    shape,
    values: values.map((entry, i) => parseEntry(entry, `${place}.values[${i}]`)),
  };
}

/** Describes the value in place of a shape, with its sizes if they are few. */
function showShapeOf(value: unknown): string {
  const text = JSON.stringify(value);
  return Array.isArray(value) && text.length <= 60 ? escapeControls(text) : showValue(value);
}

/** Returns true if a piece of JSON is a tensor in the form `{"shape", "values"}`. */
export function isFlatTensor(value: unknown): value is { shape?: unknown; values?: unknown } {
  return isObject(value) && (Object.hasOwn(value, "shape") || Object.hasOwn(value, "values"));
}

/**
 * Parses a tensor: a nested array, or `{"shape", "values"}` with the entries in one row.
 *
 * @param value The piece of JSON.
 * @throws {BatchError} If it is not a tensor; the message starts with the place.
 */
export function parseTensor(value: unknown, place: string): ParsedTensor {
  if (isFlatTensor(value)) return parseFlat(value, place);
  if (Array.isArray(value)) return parseNested(value, place);
  throw new BatchError(
    refusal`${place} is ${showValue(value)}, expected a nested array or {"shape", "values"}`,
  );
}
