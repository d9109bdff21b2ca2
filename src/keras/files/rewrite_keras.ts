import { isObject } from "../../ground/words/shape.ts";
import type { LayersModel } from "../../engine/tensorflow.ts";
import { openZip } from "../../files/unzip.ts";
import { readUserFile } from "../../files/user_file.ts";
import { writeZip } from "../../files/zip.ts";
import { ModelError } from "../../core/model/model_error.ts";
import type { NewFile } from "../../files/new_folder.ts";
import { openHdf5 } from "../hdf5/open_hdf5.ts";
import type { Json } from "../topology/topology_json.ts";
import { pairKerasWeights } from "./keras_weights.ts";

const CONFIG = "config.json", WEIGHTS = "model.weights.h5";

/**
 * Returns a model as the Keras file that it was read from: the same bytes except for the entries of
 * changed weights, which are written in place, and, in a `.keras`, the given initialisers. A `.h5`
 * keeps its configuration.
 *
 * @param model The model, with weights that may have changed.
 * @param path The file that it was read from.
 * @returns The file, by its own name.
 * @throws {ModelError} If the file is not that of the model, or a changed weight cannot be written
 * into it.
 */
export async function rewriteKeras(
  model: LayersModel,
  path: string,
  initializers: readonly LayerInitializer[],
): Promise<NewFile> {
  const name = path.slice(path.replaceAll("\\", "/").lastIndexOf("/") + 1);
  const bytes = await readUserFile(path);
  try {
    if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) {
      const [config] = openHdf5(bytes).texts("model_config") ?? [];
      return { path: name, bytes: withWeights(model, bytes, parseObject(config ?? "null")) };
    }
    const entries = [...openZip(bytes, ModelError).values()];
    const read = (file: string) => entries.find((entry) => entry.name === file)!.read();
    const topology = parseObject(new TextDecoder().decode(read(CONFIG)));
    const weights = withWeights(model, read(WEIGHTS), topology);
    const files = entries.map((entry): NewFile => {
      if (entry.name === WEIGHTS) return { path: WEIGHTS, bytes: weights };
      if (entry.name !== CONFIG || initializers.length === 0) {
        return { path: entry.name, bytes: entry.read() };
      }
      setInitializers(topology!, initializers);
      return { path: CONFIG, bytes: new TextEncoder().encode(JSON.stringify(topology)) };
    });
    return { path: name, bytes: writeZip(files) };
  } catch (error) {
    if (error instanceof ModelError) error.within(path);
    throw error;
  }
}

function parseObject(text: string): Json | null {
  const parsed = JSON.parse(text);
  return isObject(parsed) ? parsed : null;
}

/** Returns the bytes of an HDF5 file with the weights of a model in place of its own. */
function withWeights(model: LayersModel, bytes: Uint8Array, topology: Json | null): Uint8Array {
  const copy = bytes.slice();
  for (const { variable, array } of pairKerasWeights(model, openHdf5(copy), topology)) {
    const values = variable.read().dataSync() as Float32Array;
    const own = array.read();
    if (own.every((value, i) => Object.is(value, values[i]))) continue;
    if (!array.write(values)) {
      throw new ModelError({
        place: `"${array.path}"`,
        found: "not kept as floating-point numbers in one piece",
        expected: "that of a weight that is changed",
      });
    }
  }
  return copy;
}

/** Sets the initialisers of layers, including those in nested models. */
function setInitializers(topology: Json, initializers: readonly LayerInitializer[]): void {
  for (const { layer, argument, initializer } of initializers) {
    const config = configOf(topology, layer.split("/"));
    if (config !== null && Object.hasOwn(config, argument)) {
      config[argument] = keras3Initializer(initializer);
    }
  }
}

/**
 * Returns the configuration of a layer, by the names on its path; `null` if the topology has no
 * such layer.
 */
function configOf(topology: Json, [name, ...rest]: readonly string[]): Json | null {
  const { config } = topology;
  if (!isObject(config) || !Array.isArray(config.layers)) return null;
  const found = config.layers.find((one: unknown) =>
    isObject(one) && isObject(one.config) && one.config.name === name
  );
  if (found === undefined) return null;
  return rest.length === 0 ? found.config : configOf(found, rest);
}

/** Initialiser for a weight of a layer in a Keras file. */
export interface LayerInitializer {
  /** Path of the layer. */
  layer: string;
  /** Argument of the layer: `kernel_initializer`. */
  argument: string;
  /** Keras class of the initialiser, and its arguments. */
  initializer: { className: string; config: Record<string, number | null> };
}

/** Returns an initialiser as Keras 3 writes it into a configuration. */
function keras3Initializer({ className, config }: LayerInitializer["initializer"]) {
  return {
    module: "keras.initializers",
    class_name: className,
    config,
    registered_name: null,
  };
}
