import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { innerLayers } from "./inner_layers.ts";

/**
 * The layers of a model that compute nothing themselves but call others: nested models and wrappers,
 * at any depth. The model itself is not among them.
 *
 * @param model A built model.
 * @returns Each container once.
 */
export function containerLayers(model: LayersModel): Layer[] {
  const found = new Set<Layer>();
  const visit = (layers: Layer[]) => {
    for (const layer of layers) {
      const inner = innerLayers(layer);
      if (inner === null || found.has(layer)) continue;
      found.add(layer);
      visit(inner);
    }
  };
  visit(model.layers);
  return [...found];
}
