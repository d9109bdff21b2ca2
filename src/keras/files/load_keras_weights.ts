import type { LayersModel, TensorFlow } from "../../engine/tensorflow.ts";
import { leafLayers } from "../../model/layers/leaf_layers.ts";
import { ModelError } from "../../model/model_error.ts";
import { readKerasFile } from "./keras_file.ts";
import { pairKerasWeights, setKerasWeights } from "./keras_weights.ts";

/**
 * Loads weights saved by Keras into a model that builds the same network: from a `.weights.h5`, or
 * from a whole `.keras` or `.h5`, whose layers are ignored. Weights are paired by the order of the
 * layers, their names and shapes together. If the pairing is ambiguous, nothing is set.
 *
 * @returns Each layer of the model with the place in the file that its weights come from.
 * @throws {ModelError} If the weights are not those of the model: one sentence that names both
 * sides.
 */
export async function loadKerasWeights(
  tf: TensorFlow,
  model: LayersModel,
  path: string,
): Promise<{ layer: string; from: string }[]> {
  const { weights } = await readKerasFile(path);
  try {
    const pairs = pairKerasWeights(model, weights, null);
    setKerasWeights(tf, pairs);
    return leafLayers(model).flatMap(({ path, layer }) => {
      const own = pairs.find(({ variable }) => layer.weights.includes(variable));
      return own === undefined
        ? []
        : [{ layer: path, from: own.array.path.slice(0, own.array.path.lastIndexOf("/")) }];
    });
  } catch (error) {
    if (error instanceof ModelError) error.within(path);
    throw error;
  }
}
