import type { TensorFlow } from "../../engine/tensorflow.ts";
import { failure } from "../../words/failure.ts";
import { formatMemory } from "../../words/numbers.ts";
import { buildModel, classes } from "../build_model.ts";
import { compileAsSaved } from "../compile_as_saved.ts";
import { convertTopology } from "../convert_topology.ts";
import { openZip } from "../files/unzip.ts";
import { type Hdf5Group, openHdf5 } from "../hdf5/open_hdf5.ts";
import type { LoadedModel } from "../loaded_model.ts";
import { ModelError } from "../model_error.ts";
import { stemOf } from "../names.ts";
import { isJson, type Json } from "../topology_json.ts";
import { jsonFailure } from "../../words/json_failure.ts";
import { pairKerasWeights, setKerasWeights, weightsOf } from "./keras_weights.ts";

/** Weights and as much again for their gradients have to fit into the 4 GiB of the WASM heap. */
const MOST_BYTES = 2 ** 31;

/** What a file of Keras holds. */
interface Saved {
  /** The model: `{class_name, config}`. */
  topology: Json;
  /** Where it stands, for messages. */
  place: string;
  /** How it was compiled. */
  training: unknown;
  /** The weights. */
  weights: Hdf5Group;
}

/**
 * Loads a model that Keras saved whole: `.keras`, a zip archive of a configuration and weights, or `.h5`. What
 * the file is, it says itself, whatever it is called. The file is data: none of it runs, nothing outside it is
 * read, and it gets no more memory than a few times its size.
 *
 * @param tf The engine's TensorFlow.js.
 * @param path The file.
 * @throws {ModelError} If it holds no such model.
 */
export async function loadKeras(tf: TensorFlow, path: string): Promise<LoadedModel> {
  const bytes = await readBytes(path);
  try {
    const { topology, place, training, weights } = open(bytes);
    const known = classes(tf);
    const built = convertTopology(topology, (name) => Object.hasOwn(known, name), place);
    const declared = entriesOf(weightsOf(weights).group);
    const { model, discard } = buildModel(tf, built, declared, "of all weights in the file");
    try {
      setKerasWeights(tf, pairKerasWeights(model, weights, topology));
      compileAsSaved(model, { trainingConfig: training });
    } catch (error) {
      discard();
      throw error;
    }
    return {
      model,
      name: built.config.name === model.name ? model.name : stemOf(path),
      source: path,
      path,
      kind: "keras",
      seed: null,
      objective: null,
      createBatch: null,
      recreate: null,
    };
  } catch (error) {
    if (error instanceof ModelError) error.message = `${path}: ${error.message}`;
    throw error;
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const { isFile, size } = await Deno.stat(path);
    if (isFile && size > MOST_BYTES) {
      throw new ModelError(
        `${path}: the file has ${formatMemory(size)}, expected at most 2 GiB: weights and their ` +
          `gradients have to fit into the engine's 4 GiB`,
      );
    }
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(`${path}: ${failure(error)}`, { cause: error });
  }
}

function open(bytes: Uint8Array): Saved {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  return isZip ? openArchive(bytes) : openSingle(bytes);
}

/** A `.keras`: what each of its files is for. */
function openArchive(bytes: Uint8Array): Saved {
  const files = openZip(bytes, ModelError);
  const read = (name: string) => {
    const file = files.get(name);
    if (file !== undefined) return file.read();
    throw new ModelError(`The archive has no ${name}, expected the model that Keras saves`);
  };
  const topology = parseModel(new TextDecoder().decode(read("config.json")), "config.json");
  return {
    topology,
    place: "config.json",
    training: topology.compile_config,
    weights: openHdf5(read("model.weights.h5")),
  };
}

/** A `.h5`: all in one file, the configuration as an attribute. */
function openSingle(bytes: Uint8Array): Saved {
  const root = openHdf5(bytes);
  const [config] = root.texts("model_config") ?? [];
  if (config === undefined) {
    throw new ModelError(
      "The file holds the weights of a Keras model without its layers, expected a whole model, as " +
        "model.save() writes it",
    );
  }
  const [training] = root.texts("training_config") ?? [];
  return {
    topology: parseModel(config, "model_config"),
    place: "model_config",
    training: training === undefined ? null : parse(training, "training_config"),
    weights: root,
  };
}

function parse(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ModelError(`${place} is not valid JSON: ${jsonFailure(error)}`, { cause: error });
  }
}

function parseModel(text: string, place: string): Json {
  const parsed = parse(text, place);
  if (isJson(parsed)) return parsed;
  throw new ModelError(`${place} is no object, expected a model`);
}

/** How many numbers a group holds, optimizers left out. */
function entriesOf(group: Hdf5Group): number {
  let count = 0;
  for (const [name, one] of group.children) {
    if (name.startsWith("optimizer")) continue;
    count += one.kind === "group" ? entriesOf(one) : one.shape.reduce((a, b) => a * b, 1);
  }
  return count;
}
