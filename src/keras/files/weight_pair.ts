import type { Layer, LayersModel } from "../../engine/tensorflow.ts";
import { ModelError } from "../../model/model_error.ts";
import type { LayerVariable } from "../../model/weights/model_weights.ts";
import { showValue } from "../../words/show_value.ts";
import type { Hdf5Array } from "../hdf5/open_hdf5.ts";
import { refusal } from "../../words/input_error.ts";

/** Weight of a model, and the array of a file for it. */
export interface WeightPair {
  variable: LayerVariable;
  array: Hdf5Array;
  /** Layer that owns the weight. */
  layer: Layer;
}

export function requireShape(pair: WeightPair): WeightPair {
  const { variable, array, layer } = pair;
  if (variable.shape.join() === array.shape.join()) return pair;
  throw new ModelError(
    refusal`${showValue(array.path)} has shape [${array.shape.join(", ")}], expected [${
      variable.shape.join(", ")
    }] as weight ${showValue(variable.originalName)} of layer ${showValue(layer.name)} has`,
  );
}

/**
 * Rejects pairs that rest on the order of the layers alone if that is ambiguous: in a model whose
 * layers do not form a chain, two layers with weights of the same shapes could be exchanged.
 *
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

/** Returns the direction of a layer that a weight is for: that does not depend on the order. */
const wayOf = ({ array }: WeightPair) =>
  /(^|\/)backward_/.test(array.path) ? "backward" : "forward";

/** Returns true if the layers of a model form a single chain. */
function isChain({ layers, inputs, outputs }: LayersModel): boolean {
  return inputs.length === 1 && outputs.length === 1 && layers.every((layer) => {
    const isModel = "inputLayers" in layer;
    // A nested model also has a call on its own inputs; at the front of a Sequential it is the only
    // one.
    const calls = isModel ? Math.max(1, layer.inboundNodes.length - 1) : layer.inboundNodes.length;
    return calls === 1 && layer.inboundNodes.at(-1)!.inputTensors.length <= 1 &&
      layer.outboundNodes.length <= 1 && !(isModel && !isChain(layer as LayersModel));
  });
}
