import type { LayersModel, TensorFlow } from "../../engine/tensorflow.ts";
import { leafLayers } from "../../core/model/layers/leaf_layers.ts";
import type { LoadedModel } from "../../core/model/loaded_model.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { compileAsInKeras } from "../compile_as_saved.ts";
import type { Hdf5Group } from "../hdf5/open_hdf5.ts";
import { buildModel, modelOfFile } from "../topology/build_model.ts";
import { convertTopology } from "../topology/convert_topology.ts";
import { knownClasses } from "../topology/known_classes.ts";
import { readKerasFile } from "./keras_file.ts";
import { pairKerasWeights, setKerasWeights, weightsOf } from "./keras_weights.ts";
import { markImages } from "./load_topology.ts";

/**
 * Loads a whole model saved by Keras: `.keras`, a zip archive of a configuration and weights, or
 * `.h5`. The contents decide the format, not the name. The file is only data: none of it runs,
 * nothing outside it is read, and it gets at most a few times its size in memory.
 *
 * @param beforeWeights Called before weights are read.
 * @throws {ModelError} If it does not hold such a model.
 */
export async function loadKeras(
  tf: TensorFlow,
  path: string,
  beforeWeights: (model: LayersModel, entries: number) => void,
): Promise<LoadedModel> {
  const { topology, place, training, weights } = await readKerasFile(path);
  try {
    if (topology === null) {
      throw new ModelError({
        place: "The file",
        verb: "holds",
        found: "weights without the layers of a Keras model",
        expected:
          "a whole model, as model.save() writes it; --weights-only, to judge the weights alone; or " +
          "the layers as MODEL and this file as --weights",
      });
    }
    const built = convertTopology(
      markImages(topology, place),
      await knownClasses(tf, topology),
      place,
    );
    const declared = entriesOf(weightsOf(weights).group);
    const { model, discard } = buildModel(tf, built, {
      declared,
      declares: "of all weights in the file",
    });
    try {
      beforeWeights(model, declared);
      setKerasWeights(tf, pairKerasWeights(model, weights, topology));
      compileAsInKeras(tf, model, training, topology);
    } catch (error) {
      discard();
      throw error;
    }
    return modelOfFile(path, "keras", model, built);
  } catch (error) {
    if (error instanceof ModelError) error.within(path);
    throw error;
  }
}

/** Returns the number of entries in a group, without optimizers. */
function entriesOf(group: Hdf5Group): number {
  let count = 0;
  for (const [name, one] of group.children) {
    if (name.startsWith("optimizer")) continue;
    count += one.kind === "group" ? entriesOf(one) : one.shape.reduce((a, b) => a * b, 1);
  }
  return count;
}

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
