import { isObject } from "../../ground/words/shape.ts";
import type { Layer } from "../../engine/tensorflow.ts";
import { bytesInMemory, type ByteSource, partOf } from "../../files/byte_source.ts";
import { openZip } from "../../files/unzip.ts";
import { readUserFile, requireFile } from "../../files/user_file.ts";
import { innerLayers } from "../../core/model/layers/leaf_layers.ts";
import { ModelError } from "../../core/model/model_error.ts";
import type { LayerVariable } from "../../core/model/weights/model_weights.ts";
import { type FileTensor, leftOut, type WeightsFile } from "../../files/weights_file.ts";
import { jsonFailure } from "../../ground/words/failure.ts";
import { fileRefusal, refusal } from "../../ground/words/input_error.ts";
import { formatMemory } from "../../ground/words/numbers.ts";
import { type Hdf5Group, openHdf5 } from "../hdf5/open_hdf5.ts";
import type { Json } from "../topology/topology_json.ts";

/** Weights and gradients of the same size have to fit into the 4 GiB of the WASM heap. */
const MOST_BYTES = 2 ** 31;

/** Contents of a Keras file. */
interface KerasFile {
  /** The model: `{class_name, config}`; `null` if the file only holds weights. */
  topology: Json | null;
  /** Place of the model in the file, for messages. */
  place: string;
  training: unknown;
  /** Weights. */
  weights: Hdf5Group;
}

/**
 * Reads a file saved by Keras: `.keras`, a zip archive of a configuration and weights, or `.h5`.
 * The contents decide the format, not the name. The file is only data: nothing outside it is read,
 * and it gets at most a few times its size in memory.
 *
 * @throws {ModelError} If it is not such a file.
 */
export async function readKerasFile(path: string): Promise<KerasFile> {
  const bytes = await readBytes(path);
  try {
    return bytes[0] === 0x50 && bytes[1] === 0x4b ? openArchive(bytes) : openSingle(bytes);
  } catch (error) {
    if (error instanceof ModelError) error.within(path);
    throw error;
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const { size } = await requireFile(path);
    if (size > MOST_BYTES) {
      throw new ModelError({
        place: `${path}: the file`,
        verb: "has",
        found: formatMemory(size),
        expected: "at most 2 GiB",
        hint: ": weights and their gradients have to fit into the engine's 4 GiB",
      });
    }
    return await readUserFile(path);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(fileRefusal(error), { cause: error }).within(path);
  }
}

/** Opens a `.keras` by the roles of its files. */
function openArchive(bytes: Uint8Array): KerasFile {
  const files = openZip(bytes, ModelError);
  const read = (name: string) => {
    const file = files.get(name);
    if (file !== undefined) return file.read();
    throw new ModelError(refusal`The archive has no ${name}, expected the model that Keras saves`);
  };
  const topology = parseModel(new TextDecoder().decode(read("config.json")), "config.json");
  return {
    topology,
    place: "config.json",
    training: topology.compile_config,
    weights: openHdf5(read("model.weights.h5")),
  };
}

/** Opens a `.h5`: a single file with the configuration as an attribute. */
function openSingle(bytes: Uint8Array): KerasFile {
  const root = openHdf5(bytes);
  const [config] = root.texts("model_config") ?? [];
  const [training] = root.texts("training_config") ?? [];
  return {
    topology: config === undefined ? null : parseModel(config, "model_config"),
    place: "model_config",
    training: training === undefined ? null : parse(training, "training_config"),
    weights: root,
  };
}

/**
 * Numbers that Python writes into JSON although JSON lacks them, and strings, which are skipped.
 */
const NON_FINITE = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

function parse(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = text.replace(NON_FINITE, (found) => {
      if (found.startsWith('"')) return found;
      return found === "NaN" ? "null" : found.replace("Infinity", "1e999");
    });
    if (plain !== text) return parse(plain, place);
    const meant = `: ${jsonFailure(error)}`;
    throw new ModelError({ place, found: "not valid JSON", expected: "JSON", meant }, {
      cause: error,
    });
  }
}

function parseModel(text: string, place: string): Json {
  const parsed = parse(text, place);
  if (isObject(parsed)) return parsed;
  throw new ModelError(refusal`${place} is not an object, expected a model`);
}

/** Weights of Keras's layers in the order in which each layer makes them. */
const ORDER = [
  "depthwise_kernel",
  "pointwise_kernel",
  "kernel",
  "recurrent_kernel",
  "bias",
  "gamma",
  "beta",
  "moving_mean",
  "moving_variance",
  "embeddings",
  "alpha",
];

/** Returns the last part of a weight's path: `kernel` of `dense_1/kernel`. */
export const ownName = (path: string): string =>
  path.slice(path.lastIndexOf("/") + 1).replace(/:\d+$/, "");

/**
 * Returns the weights of a layer in the order in which Keras saves them, trained or frozen. For a
 * wrapper, the weights of its inner layer are left out.
 *
 * @param layer A layer, or the cell of a recurrent one.
 */
export function kerasOrder(layer: Layer): LayerVariable[] {
  const inner = innerLayers(layer);
  if (inner !== null) {
    const theirs = new Set(inner.flatMap(({ weights }) => weights));
    return layer.weights.filter((weight) => !theirs.has(weight));
  }
  const rank = ({ originalName }: LayerVariable) => ORDER.indexOf(ownName(originalName));
  // A custom layer has weights with other names, in the order in which it makes them.
  const isKnown = layer.weights.every((weight) => rank(weight) !== -1);
  return isKnown ? layer.weights.toSorted((a, b) => rank(a) - rank(b)) : [...layer.weights];
}

/** Groups of arrays that are not weights: the optimizer's, metrics, states of random generators. */
const NOT_WEIGHTS =
  /^(optimizer|optimizer_weights|metrics|_?(train|eval|compile)_metrics)$|seed_generator/;

/** Groups that add nothing to the name of a weight. */
const CONTAINER = /^(model_weights|_layer_checkpoint_dependencies)\//;

/**
 * Reads the weights of a file that Keras saved, of any topology: `.keras`, `.h5` or
 * `.weights.h5`. Their names are the paths of the arrays. Texts, compounds, references and links are
 * left out.
 *
 * @param source The file; its tensors are read from it on demand.
 * @throws {ModelError} If it is not such a file.
 */
export function readKerasTensors(source: ByteSource): Pick<WeightsFile, "tensors" | "notes"> {
  const [first, second] = source.read(0, Math.min(2, source.size), "The first bytes");
  const isZip = first === 0x50 && second === 0x4b;
  const others = new Map<string, ModelError>();
  const root = openHdf5(isZip ? weightsIn(source) : source, {
    mostUnpacked: mostStreamed,
    leaveOut(path, error) {
      if (!path.split("/").some((name) => NOT_WEIGHTS.test(name))) others.set(nameOf(path), error);
    },
  });
  const tensors = tensorsIn(root);
  const [[, error] = []] = others;
  if (tensors.length === 0 && error !== undefined) throw error;
  return { tensors, notes: leftOut([...others.keys()], "no numbers in this file") };
}

const nameOf = (path: string) => path.replace(CONTAINER, "").replace(/:\d+$/, "");

/**
 * Returns the largest number of bytes to which chunks may unpack: deflate packs a thousand to one, and
 * only pieces are held.
 */
const mostStreamed = (size: number) => 2 ** 26 + 2 ** 10 * size;

/** Returns the weights in a `.keras`. */
function weightsIn(source: ByteSource): ByteSource {
  const entry = openZip(source, ModelError).get("model.weights.h5");
  if (entry === undefined) {
    throw new ModelError(
      refusal`The archive has no model.weights.h5, expected the model that Keras saves`,
    );
  }
  return entry.at === null ? bytesInMemory(entry.read()) : partOf(source, entry.at, entry.size);
}

function tensorsIn({ children }: Hdf5Group): FileTensor[] {
  return [...children].flatMap(([name, child]): FileTensor[] => {
    if (NOT_WEIGHTS.test(name)) return [];
    if (child.kind === "group") return tensorsIn(child);
    const { path, shape, type, read, bytes, unpack, stored } = child;
    return [{
      name: nameOf(path),
      shape,
      type,
      read,
      bytes,
      ...unpack === undefined ? {} : { unpack: () => unpack() },
      ...stored === undefined ? {} : { stored },
    }];
  });
}
