import { bytesInMemory, type ByteSource } from "../files/byte_source.ts";
import { isFloat, isWhole } from "../ground/traits/number_types.ts";
import { removeCopy, unpackLarge } from "../files/stored_copy.ts";
import {
  isIndexFile,
  isJsonFile,
  isKerasFile,
  isProgramFile,
  isRemote,
  isShardPattern,
} from "../core/model/loaded_model.ts";
import { ModelError } from "../core/model/model_error.ts";
import type { FileTensor, NetworkConfig, WeightsFile } from "../files/weights_file.ts";
import { failure } from "../ground/words/failure.ts";
import { refusal } from "../ground/words/input_error.ts";
import { formatCount } from "../ground/words/numbers.ts";
import { anyObject, requireValue, string } from "../ground/words/shape.ts";
import { showValue } from "../ground/words/show_value.ts";
import { findRemote, localPlace, type WeightsPlace, withoutQuery } from "./remote_place.ts";
import { builtin } from "../platform/builtins.ts";
import { host } from "../platform/host.ts";
import { fileProblem } from "../platform/file_problems.ts";

/** Largest number of names in a message. */
const MAX_NAMES = 3;

/** Number of shards that are opened at a time: a server answers each late. */
const OPENED_AT_ONCE = 8;

/**
 * Reads the weights of a model in shards: an index, `model.safetensors.index.json` or
 * `pytorch_model.bin.index.json`, says which file beside it has which tensor.
 *
 * @param place The index.
 * @throws {ModelError} If it is not one, or a shard is missing or lacks a tensor.
 */
async function readShards(place: WeightsPlace): Promise<Omit<WeightsFile, "path">> {
  const map = parseIndex(await place.text());
  const shards = [...new Set(Object.values(map))].sort();
  const found = new Map<string, FileTensor>();
  const notes: string[] = [];
  for (const [shard, source] of await openShards(place, shards)) {
    for (const tensor of await tensorsOf(source, shard)) {
      if (map[tensor.name] === shard) found.set(tensor.name, tensor);
      else {
        notes.push(
          `${shard} has ${showValue(tensor.name)}, which the index does not have there: left out.`,
        );
      }
    }
  }
  const missing = Object.keys(map).filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new ModelError(
      refusal`${map[missing[0]]} has no ${showValue(missing[0])}${
        missing.length > 1 ? `, nor ${formatCount(missing.length - 1, "other tensor")}` : ""
      }, expected what the index says`,
    );
  }
  return {
    format: /\.bin\.index\.json$/i.test(place.name) ? "PyTorch" : "safetensors",
    tensors: Object.keys(map).map((name) => found.get(name)!),
    notes: [
      `In ${formatCount(shards.length, "shard")}.`,
      ...notes.slice(0, MAX_NAMES),
      ...notes.length > MAX_NAMES ? [`${notes.length - MAX_NAMES} more tensors left out.`] : [],
    ],
  };
}

/**
 * Reads the weights of a model in shards that have no index.
 *
 * @param path Their folder, and a name with `*` in place of the differing part: see
 * `isShardPattern()`.
 * @throws {ModelError} If a shard is missing, or two have a tensor of one name.
 */
async function readShardsAlike(path: string): Promise<Omit<WeightsFile, "path">> {
  const folder = builtin("path").dirname(path);
  const [before, after] = builtin("path").basename(path).split("*");
  const shards = (await Array.fromAsync(host.readDir(folder)))
    .map(({ name }) => name)
    .filter((name) => name.startsWith(before) && name.endsWith(after)).sort();
  const count = Number(/-of-(\d+)\.\w+$/.exec(after)?.[1] ?? shards.length);
  if (shards.length !== count || count === 0) {
    throw new ModelError(
      refusal`The folder has ${formatCount(shards.length, "shard")} ${
        showValue(builtin("path").basename(path))
      }, expected ${count || 1}`,
    );
  }
  const found = new Map<string, FileTensor>();
  for (const [shard, source] of await openShards(localPlace(path), shards)) {
    for (const tensor of await tensorsOf(source, shard)) {
      const other = found.get(tensor.name)?.shard;
      if (other !== undefined) {
        throw new ModelError(
          refusal`${shard} has ${
            showValue(tensor.name)
          }, which ${other} has, too, expected shards of one model`,
        );
      }
      found.set(tensor.name, tensor);
    }
  }
  return {
    format: /\.bin$/i.test(after) ? "PyTorch" : "safetensors",
    tensors: [...found.values()],
    notes: [`In ${formatCount(shards.length, "shard")}, without an index.`],
  };
}

/** Returns the name of the shard of each tensor. */
function parseIndex(text: string): Record<string, string> {
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch (error) {
    throw new ModelError(refusal`The index is not valid JSON, expected "weight_map"`, {
      cause: error,
    });
  }
  const map = Object(index).weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw new ModelError(
      refusal`weight_map is ${showValue(map)}, expected the file of each tensor`,
    );
  }
  for (const [name, shard] of Object.entries(map)) {
    // A shard is a file beside the index, so that an index names no other file of the machine.
    if (typeof shard !== "string" || !/^[^/\\:]+\.(safetensors|bin)$/i.test(shard)) {
      throw new ModelError(
        refusal`weight_map[${showValue(name)}] is ${
          showValue(shard)
        }, expected a .safetensors or .bin file beside the index`,
      );
    }
  }
  return map;
}

/** Opens the shards beside a file, several at a time. */
async function openShards(
  place: WeightsPlace,
  shards: readonly string[],
): Promise<[name: string, source: ByteSource][]> {
  const opened: [string, ByteSource][] = [];
  for (let at = 0; at < shards.length; at += OPENED_AT_ONCE) {
    const names = shards.slice(at, at + OPENED_AT_ONCE);
    const sources = await Promise.allSettled(names.map((name) => openShard(place, name)));
    sources.forEach((source, i) => {
      if (source.status === "rejected") throw source.reason;
      opened.push([names[i], source.value]);
    });
  }
  return opened;
}

async function openShard(place: WeightsPlace, name: string): Promise<ByteSource> {
  const source = await place.beside(name).open();
  if (source !== null) return source;
  throw new ModelError(refusal`${name} is missing, expected it beside the index`);
}

const sourceOf = ({ file }: ByteSource) => file === null ? {} : { source: file };

async function tensorsOf(source: ByteSource, shard: string): Promise<FileTensor[]> {
  try {
    const { tensors } = await parseTorch(shard, source);
    return tensors.map((tensor) => ({ ...tensor, shard, ...sourceOf(source) }));
  } catch (error) {
    if (error instanceof ModelError) error.within(shard);
    throw error;
  }
}

/** Options of {@linkcode readWeights}. */
export interface ReadWeightsOptions {
  /** Folder that keeps what is read from servers, for later runs. Default: nothing is kept. */
  cache?: string | null;
}

/**
 * Reads the weights of a file, of any topology: `.safetensors`, a state dict that
 * `torch.save` wrote (`.pt`, `.pth`, `.ckpt`, `.bin`, `.pth.tar`), the index of a model in shards
 * (`model.safetensors.index.json`), shards without one (`model-*-of-00003.safetensors`), `.npz` or `.npy`, a `.keras`, `.h5` or `.weights.h5`, a `.pt2`, or a
 * model.json of TensorFlow.js. A `config.json` beside it names the network. The file is data: nothing
 * of it runs, and nothing outside its folder is read. It is not held in memory, except for a file of
 * `torch.save` up to 64 MiB: each tensor is read on demand, so the file must still be there. An
 * archive with a packed file of more than 16 MiB is unpacked to a temporary file, which is removed
 * when the process ends, and so is a packed chunk of HDF5 of more than 8 MiB, while it is read.
 *
 * An address (`https://host/model.safetensors`) or the name of a model of Hugging Face
 * (`hf:org/name`, `hf:org/name@revision`) is read by HTTP ranges. It needs the permission for that
 * host. A file that changes while it is read is refused.
 *
 * @param path The file.
 * @param options See {@linkcode ReadWeightsOptions}.
 * @returns Its tensors.
 * @throws {ModelError} If it is not such a file: one sentence with the value found and the one
 * expected.
 *
 * @example The names and shapes of a file
 * ```ts
 * import { readWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { tensors } = await readWeights("fixtures/files/mlp.safetensors");
 * const bias = tensors.find(({ name }) => name === "4.bias")!;
 * assertEquals([bias.shape, bias.type, bias.read().length], [[10], "float32", 10]);
 * ```
 */
export async function readWeights(
  path: string,
  options: ReadWeightsOptions = {},
): Promise<WeightsFile> {
  requireValue("path", path, string);
  requireValue("options", options, anyObject);
  const { cache = null } = options;
  if (cache !== null) requireValue("options.cache", cache, string);
  try {
    const place = isRemote(path) ? await findRemote(path, cache) : localPlace(path);
    const { format, layout, tensors, notes } = await parse(place);
    if (tensors.length === 0) {
      throw new ModelError(refusal`The file holds no tensors, expected weights`);
    }
    if (!tensors.some(({ type }) => isFloat(type))) {
      const types = [...new Set(tensors.map(({ type }) => type))].join(", ");
      throw new ModelError(refusal`The file holds only tensors of ${types}, expected weights`);
    }
    const config = await readConfig(place);
    return {
      path: isRemote(path) ? withoutQuery(path) : path,
      format,
      ...layout === undefined ? {} : { layout },
      tensors: tensors.map((tensor) => ({
        ...tensor,
        read: () => naming(path, () => tensor.read()),
        ...tensor.bytes === undefined ? {} : { bytes: () => naming(path, () => tensor.bytes!()) },
        ...tensor.unpack === undefined
          ? {}
          : { unpack: () => namingPieces(path, tensor.unpack!()) },
      })),
      notes: [...describeConfig(config, tensors), ...place.notes, ...notes, ...notesOn(tensors)],
      ...config === null ? {} : { config },
    };
  } catch (error) {
    if (error instanceof ModelError) error.within(path);
    throw error;
  }
}

/** Reads a tensor; an error, such as damage found only now, names the file. */
function naming<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ModelError) error.within(path);
    throw error;
  }
}

type Pieces = ReturnType<NonNullable<FileTensor["unpack"]>>;

function namingPieces(path: string, pieces: Pieces): Pieces {
  return Symbol.iterator in pieces ? namingEach(path, pieces) : namingAwaited(path, pieces);
}

function* namingEach<T>(path: string, pieces: Iterable<T>): Generator<T> {
  try {
    yield* pieces;
  } catch (error) {
    if (error instanceof ModelError) error.within(path);
    throw error;
  }
}

async function* namingAwaited<T>(path: string, pieces: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* pieces;
  } catch (error) {
    if (error instanceof ModelError) error.within(path);
    throw error;
  }
}

/** Largest size of an archive that is read at once, and compared with its checksums. */
const MAX_WHOLE = 2 ** 26;

const UNCHECKED = "Read in pieces, without its checksums.";

async function parse(place: WeightsPlace): Promise<Omit<WeightsFile, "path">> {
  const { name, path } = place;
  if (isIndexFile(name)) return await readShards(place);
  if (path !== null && isShardPattern(path)) return await readShardsAlike(path);
  if (path !== null && isJsonFile(path)) {
    const { readManifestWeights } = await import("../keras/read_manifest.ts");
    return await readManifestWeights(path);
  }
  const file = await place.open();
  if (file === null) throw new ModelError(failure(fileProblem("NotFound")));
  refusePointer(file);
  const parsed = await parseFile(name, file);
  return { ...parsed, tensors: parsed.tensors.map((one) => ({ ...one, ...sourceOf(file) })) };
}

async function parseFile(name: string, file: ByteSource): Promise<Omit<WeightsFile, "path">> {
  if (/\.safetensors$/i.test(name)) return await parseTorch(name, file);
  if (/\.npy$/i.test(name)) {
    const { readNpyWeights } = await import("../files/read_npz.ts");
    return readNpyWeights(file, name.slice(0, -4));
  }
  const isWhole = file.size <= MAX_WHOLE;
  const source = isWhole ? bytesInMemory(file.read(0, file.size, "The file")) : file;
  const { copy, notes } = await unpackLarge(name, source);
  const parsed = await parseArchive(name, copy ?? source).catch((error) => {
    if (copy !== null) removeCopy(copy);
    throw error;
  });
  // Only an HDF5 file has no checksums.
  const isChecked = isWhole || copy !== null ||
    parsed.format === "Keras" && !/\.keras$/i.test(name);
  return { ...parsed, notes: [...parsed.notes, ...notes, ...isChecked ? [] : [UNCHECKED]] };
}

/** Beginning of the file that Git has in place of a large one. */
const POINTER = "version https://git-lfs";

/** Rejects a file that stands for another one, or an answer of a server. */
function refusePointer(file: ByteSource): void {
  const head = new TextDecoder().decode(file.read(0, Math.min(64, file.size), "The file"));
  if (head.startsWith(POINTER)) {
    throw new ModelError({
      place: "The file",
      found: "a pointer of Git LFS",
      expected: "weights",
      hint: ": git lfs pull gets them",
    });
  }
  if (/^\s*<(!doctype|html|\?xml)/i.test(head)) {
    throw new ModelError({
      place: "The file",
      found: "a page of a website",
      expected: "weights",
      hint: ": download it again",
    });
  }
}

/** Reads a file of Keras, NumPy or PyTorch. */
async function parseArchive(name: string, source: ByteSource): Promise<Omit<WeightsFile, "path">> {
  if (isKerasFile(name)) {
    const { readKerasTensors } = await import("../keras/files/keras_file.ts");
    return { format: "Keras", layout: "keras", ...readKerasTensors(source) };
  }
  if (/\.npz$/i.test(name)) {
    const { readNpzWeights } = await import("../files/read_npz.ts");
    return readNpzWeights(source);
  }
  if (isProgramFile(name)) {
    const { readProgramTensors } = await import("../torch/program/open_program.ts");
    return { format: "PyTorch", tensors: readProgramTensors(source), notes: [] };
  }
  return await parseTorch(name, source);
}

/** Reads a safetensors file, or one of `torch.save`. */
async function parseTorch(name: string, source: ByteSource): Promise<Omit<WeightsFile, "path">> {
  if (/\.safetensors$/i.test(name)) {
    const { readSafetensors } = await import("../torch/read_safetensors.ts");
    return { format: "safetensors", tensors: readSafetensors(source), notes: [] };
  }
  const { readStateDict } = await import("../torch/read_state_dict.ts");
  return { format: "PyTorch", ...readStateDict(source) };
}

/** Name of a tensor within a block, with the number of the block. */
const BLOCK = /(?:^|\.)(?:layers?|blocks?|h)\.(\d+)\./;

/** Returns notes on the network that `config.json` describes. */
function describeConfig(config: NetworkConfig | null, tensors: readonly FileTensor[]): string[] {
  if (config === null) return [];
  const { architecture, layers, heads, keyValueHeads, tiesEmbeddings } = config;
  const facts = [
    ...layers === null ? [] : [formatCount(layers, "block")],
    ...heads === null ? [] : [formatCount(heads, "head")],
    ...keyValueHeads === null || keyValueHeads === heads
      ? []
      : [`${keyValueHeads} of keys and values`],
    ...tiesEmbeddings ? ["tied embeddings"] : [],
  ];
  const blocks = new Set(tensors.flatMap(({ name }) => BLOCK.exec(name)?.[1] ?? [])).size;
  return [
    `${architecture}${facts.length > 0 ? `: ${facts.join(", ")}` : ""}.`,
    ...layers !== null && blocks > 0 && blocks < layers
      ? [`Only ${blocks} of ${formatCount(layers, "block")} have tensors here.`]
      : [],
  ];
}

/** Returns notes on types that are converted when read. */
function notesOn(tensors: readonly FileTensor[]): string[] {
  const doubles = tensors.filter(({ type }) => type === "float64").length;
  const others = tensors.filter(({ type }) => !isFloat(type) && !isWhole(type));
  const types = [...new Set(others.map(({ type }) => type))].join(", ");
  return [
    ...doubles > 0 ? [`${formatCount(doubles, "tensor")} of float64 read as float32.`] : [],
    ...others.length > 0 ? [`${formatCount(others.length, "tensor")} of ${types} not judged.`] : [],
  ];
}

/** Other names of the fields: GPT-2's, T5's. */
const LAYERS = ["num_hidden_layers", "n_layer", "num_layers"];
const HEADS = ["num_attention_heads", "n_head", "num_heads"];

/**
 * Reads the `config.json` that the library transformers keeps beside weights.
 *
 * @param place The file of weights.
 * @returns Facts about the network; `null` without such a file, or if it describes no network.
 */
async function readConfig(place: WeightsPlace): Promise<NetworkConfig | null> {
  const text = await place.beside("config.json").optionalText();
  let config: Record<string, unknown>;
  try {
    config = Object(JSON.parse(text ?? ""));
  } catch {
    return null;
  }
  const { architectures, model_type: type } = config;
  const [architecture = type] = Array.isArray(architectures) ? architectures : [];
  if (typeof architecture !== "string") return null;
  const first = (names: string[]) => names.map((name) => config[name]).find(Number.isSafeInteger);
  return {
    architecture,
    layers: first(LAYERS) as number | undefined ?? null,
    heads: first(HEADS) as number | undefined ?? null,
    keyValueHeads: first(["num_key_value_heads"]) as number | undefined ?? null,
    tiesEmbeddings: typeof config.tie_word_embeddings === "boolean"
      ? config.tie_word_embeddings
      : null,
  };
}
