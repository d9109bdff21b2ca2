import type { Layer, LayersModel } from "../../engine/tensorflow.ts";
import { showValue } from "../../words/show_value.ts";
import type { Hdf5Array } from "../hdf5/open_hdf5.ts";
import { ModelError } from "../model_error.ts";
import type { LayerVariable } from "../model_weights.ts";

/** A weight of a model, and the array of a file that it gets. */
export interface WeightPair {
  variable: LayerVariable;
  array: Hdf5Array;
  /** Whose weight it is. */
  layer: Layer;
}

/** Requires that an array has the shape of the weight that it is for. */
export function requireShape(pair: WeightPair): WeightPair {
  const { variable, array, layer } = pair;
  if (variable.shape.join() === array.shape.join()) return pair;
  throw new ModelError(
    `${showValue(array.path)} has shape [${array.shape.join(", ")}], expected [${
      variable.shape.join(", ")
    }] as weight ${showValue(variable.originalName)} of layer ${showValue(layer.name)} has`,
  );
}

/**
 * Refuses pairs that only the order of the layers told, where that says nothing: in a model whose layers are no
 * chain, two layers with weights of the same shapes could be exchanged.
 *
 * @param model The model.
 * @param pairs Its weights with their arrays.
 */
export function requireSure(model: LayersModel, pairs: readonly WeightPair[]): void {
  if (isChain(model)) return;
  const byLayer = new Map<Layer, WeightPair[]>();
  for (const pair of pairs) {
    byLayer.set(pair.layer, [...byLayer.get(pair.layer) ?? [], pair]);
  }
  const byAlike = new Map<string, WeightPair>();
  for (const [layer, own] of byLayer) {
    const shapes = own.map(({ array }) => array.shape.join());
    const alike = [layer.getClassName(), wayOf(own[0]), ...shapes].join(" ");
    const other = byAlike.get(alike);
    if (other !== undefined) {
      throw new ModelError(
        `${showValue(other.array.path)} and ${showValue(own[0].array.path)} both fit layers ${
          showValue(other.layer.name)
        } and ${showValue(layer.name)}, expected layers of the names that the file has, or a chain`,
      );
    }
    byAlike.set(alike, own[0]);
  }
}

/** Which of the two directions of a layer a weight is for: that is no question of order. */
const wayOf = ({ array }: WeightPair) =>
  /(^|\/)backward_/.test(array.path) ? "backward" : "forward";

/** Whether the layers of a model follow each other in one row. */
function isChain({ layers, inputs, outputs }: LayersModel): boolean {
  return inputs.length === 1 && outputs.length === 1 && layers.every((layer) => {
    const isModel = "inputLayers" in layer;
    // A nested model has a call of its own inputs besides; at the front of a Sequential it is the only one.
    const calls = isModel ? Math.max(1, layer.inboundNodes.length - 1) : layer.inboundNodes.length;
    return calls === 1 && layer.inboundNodes.at(-1)!.inputTensors.length <= 1 &&
      layer.outboundNodes.length <= 1 && !(isModel && !isChain(layer as LayersModel));
  });
}
