import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { innerLayers } from "../model/inner_layers.ts";

/** The leaf layers that are not trained, because they or something around them is frozen. */
export function frozenLayers(model: LayersModel): Set<Layer> {
  const found = new Set<Layer>();
  const visit = (layers: Layer[], frozen: boolean) => {
    for (const layer of layers) {
      const own = frozen || !layer.trainable;
      const inner = innerLayers(layer);
      if (inner !== null) visit(inner, own);
      else if (own) found.add(layer);
    }
  };
  visit(model.layers, !model.trainable);
  return found;
}
