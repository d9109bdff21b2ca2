import { isObject } from "../../ground/words/shape.ts";
import type { LayersModel, TensorFlow } from "../../engine/tensorflow.ts";
import { seedDraws } from "../../core/model/batches/seeded_random.ts";
import type { LoadedModel } from "../../core/model/loaded_model.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { compileAsInKeras } from "../compile_as_saved.ts";
import { buildModel, modelOfFile } from "../topology/build_model.ts";
import { convertTopology } from "../topology/convert_topology.ts";
import { knownClasses } from "../topology/known_classes.ts";
import type { Json } from "../topology/topology_json.ts";

/** Layers that Keras and TensorFlow.js compute differently under the same name and settings. */
const IMAGES = ["CenterCrop", "Resizing", "UpSampling2D"];

/** Layers that use a mask in Keras but not in TensorFlow.js. */
const HEEDING_MASKS = ["BatchNormalization", "GlobalAveragePooling1D"];

/** Deeper nesting is rejected later, with a message. */
const MAX_DEPTH = 200;

/**
 * Marks each layer of a Keras topology that resizes or crops an image, or uses a mask, as Keras's:
 * see `repairKerasImages` and `repairMaskedPooling`. A topology of TensorFlow.js is not marked, and
 * keeps TensorFlow.js's results.
 *
 * @param value The topology, or a part of it.
 * @param place Its place in the file.
 * @throws {ModelError} If one has a setting that TensorFlow.js would misread.
 */
export function markImages<T>(value: T, place: string, depth = 0): T {
  if (depth > MAX_DEPTH || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((one, i) => markImages(one, `${place}[${i}]`, depth + 1)) as T;
  }
  const marked: Json = Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, markImages(one, `${place}.${key}`, depth + 1)]),
  );
  const { class_name: className, config } = marked;
  if (!isObject(config)) return marked as T;
  if (HEEDING_MASKS.includes(className as string)) {
    return { ...marked, config: { ...config, as_keras: true } } as T;
  }
  if (!IMAGES.includes(className as string)) return marked as T;
  for (const setting of ["crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"]) {
    if (config[setting] === true) {
      throw new ModelError({
        place: `${place}.config.${setting}`,
        found: "true",
        expected: "false: TensorFlow.js stretches an image to its new size and does nothing else",
      });
    }
  }
  return { ...marked, config: { ...config, as_keras: true } } as T;
}

/** Weights and gradients of the same size have to fit into the 4 GiB of the WASM heap. */
const MOST_ENTRIES = 2 ** 29;

/**
 * Builds a model from its layers only, as written by Keras's `to_json()`. Without weights in a
 * file, they are drawn from the seed by each layer's initialiser, and another seed gives others.
 *
 * @param json Its contents: `{class_name, config}`.
 * @param options `seed`: seed of the weights; `beforeWeights`: called before they are drawn.
 * @throws {ModelError} If the layers cannot be built.
 */
export async function loadTopology(
  tf: TensorFlow,
  path: string,
  json: Json,
  { seed, beforeWeights }: {
    seed: number;
    beforeWeights: (model: LayersModel, entries: number) => void;
  },
): Promise<LoadedModel> {
  const build = async (seed: number): Promise<LoadedModel> => {
    const topology = convertTopology(
      markImages(json, "topology"),
      await knownClasses(tf, json),
      "topology",
    );
    const weights = {
      declared: MOST_ENTRIES,
      declares: "that fit into the engine's 4 GiB with their gradients",
      beforeDrawing: (model: LayersModel) => beforeWeights(model, 0),
    };
    const { model } = await seedDraws(seed, "topology", () => buildModel(tf, topology, weights));
    // TensorFlow.js's own toJSON() writes the same format.
    if (json.backend !== "tensor_flow.js") {
      compileAsInKeras(tf, model, json.compile_config, json);
    }
    return modelOfFile(path, "keras", model, topology);
  };
  return { ...await build(seed), seed, recreate: async (seed) => (await build(seed)).model };
}
