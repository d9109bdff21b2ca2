import type { Layer, LayersModel } from "../../engine/tensorflow.ts";
import { type LeafLayer, leafLayers } from "../layers/leaf_layers.ts";
import { uniqueNames } from "../names.ts";
import { requireModel } from "../require_model.ts";

/** Weight of a layer as TensorFlow.js keeps it: `read()` returns its `tf.Variable`. */
export type LayerVariable = Layer["weights"][number];

/** Weight of a model, with its owner. */
export interface ModelWeight {
  /** Path of the layer that owns it, as in {@linkcode leafLayers}. */
  layerPath: string;
  /**
   * Name, unique in the model: the layer's path and the weight's own name,
   * `"encoder/dense_1/kernel"`.
   */
  weightName: string;
  /** Variable of TensorFlow.js. */
  variable: LayerVariable;
  /** Layer that owns it. */
  layer: Layer;
  /**
   * True if training the model would change it: neither it, its layer nor a model around is frozen.
   */
  trainable: boolean;
}

/**
 * Returns the weights of a model by layer: each once, even if layers or weights are shared.
 *
 * TensorFlow.js makes the names of variables unique over the whole process (`dense_1/kernel_3`);
 * the names here are unique within the model and do not depend on the models made before. If one
 * layer has two weights of one name (stacked RNN cells), the second is called `kernel_2`.
 *
 * @param model A built model.
 * @param leaves Its leaf layers, if known already; the model was checked then, too.
 * @returns One entry per weight, in the order of {@linkcode leafLayers}, and within a layer in its
 * own.
 *
 * @example Names of the weights
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { modelWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { tf } = await startEngine();
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ name: "head", units: 1, inputShape: [4] })],
 * });
 * assertEquals(modelWeights(model).map((weight) => weight.weightName), ["head/kernel", "head/bias"]);
 * model.dispose();
 * ```
 */
export function modelWeights(model: LayersModel, leaves?: readonly LeafLayer[]): ModelWeight[] {
  if (leaves === undefined) requireModel(model);
  const trainable = new Set<LayerVariable>(model.trainableWeights);
  const seen = new Set<LayerVariable>();
  const weights: ModelWeight[] = [];
  for (const { path, layer } of leaves ?? leafLayers(model)) {
    for (const variable of layer.weights) {
      if (seen.has(variable)) continue;
      seen.add(variable);
      const own = variable.originalName.slice(variable.originalName.lastIndexOf("/") + 1);
      // A PyTorch program names its weights itself, as in `state_dict()`.
      const { stateDictName } = variable as { stateDictName?: string };
      weights.push({
        layerPath: path,
        weightName: stateDictName ?? `${path}/${own}`,
        variable,
        layer,
        trainable: trainable.has(variable),
      });
    }
  }
  const names = uniqueNames(weights.map(({ weightName }) => weightName));
  weights.forEach((weight, i) => weight.weightName = names[i]);
  return weights;
}
