import type { LayersModel, TensorFlow } from "../../engine/tensorflow.ts";
import { seedDraws } from "../../model/batches/seeded_random.ts";
import type { LoadedModel } from "../../model/loaded_model.ts";
import { compileAsInKeras } from "../compile_as_saved.ts";
import { buildModel, modelOfFile } from "../topology/build_model.ts";
import { convertTopology } from "../topology/convert_topology.ts";
import { knownClasses } from "../topology/known_classes.ts";
import type { Json } from "../topology/topology_json.ts";
import { markImages } from "./mark_images.ts";

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
