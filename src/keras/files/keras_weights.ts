import type { LayersModel, TensorFlow } from "../../engine/tensorflow.ts";
import { ModelError } from "../../model/model_error.ts";
import type { Hdf5Group } from "../hdf5/open_hdf5.ts";
import type { Json } from "../topology/topology_json.ts";
import { pairByGroup } from "./pair_by_group.ts";
import { containerOf, pairByPath } from "./pair_by_path.ts";
import type { WeightPair } from "./weight_pair.ts";
import { refusal } from "../../words/input_error.ts";

/**
 * Returns the group of an HDF5 file that holds the weights of a model, and its layout: `groups` by
 * the names of layers and weights (`.h5` of Keras 2 and 3), `paths` by their numbers (`.weights.h5`
 * of Keras 3, and the weights in a `.keras`).
 *
 * @throws {ModelError} If it has neither.
 */
export function weightsOf(root: Hdf5Group): { group: Hdf5Group; layout: "groups" | "paths" } {
  const own = root.children.get("model_weights");
  const group = own?.kind === "group" ? own : root;
  if (group.texts("layer_names") !== null || group.texts("layer_names0") !== null) {
    return { group, layout: "groups" };
  }
  if (containerOf(root) !== undefined) return { group: root, layout: "paths" };
  throw new ModelError(
    refusal`The file has neither "layer_names" nor a group "layers", expected weights that Keras saved`,
  );
}

/**
 * Pairs the weights of a model with the arrays of a Keras file: by order, name and shape together.
 *
 * @param topology The configuration that came with the weights; `null` if the model comes from
 * elsewhere.
 * @throws {ModelError} If a weight is missing, left over, of another shape, or ambiguous; the
 * message names both sides.
 */
export function pairKerasWeights(
  model: LayersModel,
  root: Hdf5Group,
  topology: Json | null,
): WeightPair[] {
  const { group, layout } = weightsOf(root);
  return layout === "groups" ? pairByGroup(model, group) : pairByPath(model, group, topology);
}

/** Sets each weight to the entries of its array. */
export function setKerasWeights(tf: TensorFlow, pairs: readonly WeightPair[]): void {
  // Fresh tensors only: XNNPACK keeps using the old weights if a tensor is written in place.
  for (const { variable, array } of pairs) {
    tf.tidy(() => {
      const value = tf.tensor(array.read(), array.shape, variable.dtype);
      (variable.read() as unknown as { assign(value: unknown): void }).assign(value);
    });
  }
}
