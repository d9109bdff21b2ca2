import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { layerTraits } from "../traits/layer_traits.ts";

/**
 * Returns the layers inside a layer: those of a nested model, or the ones that a wrapper applies.
 *
 * @param layer Any layer.
 * @returns The layers inside, or `null` if the layer computes something itself.
 */
export function innerLayers(layer: Layer): Layer[] | null {
  const parts = layer as unknown as {
    layers?: Layer[];
    inputLayers?: Layer[];
    layer?: Layer;
    forwardLayer?: Layer;
    backwardLayer?: Layer;
    innerLayers?: Record<string, Layer>;
  };
  // A custom layer may also have a list of layers, but only a model has input layers.
  if (Array.isArray(parts.layers) && Array.isArray(parts.inputLayers)) return parts.layers;
  if (isComposite(layer)) return Object.values(parts.innerLayers!);
  if (layer.getClassName() === "Bidirectional") return [parts.forwardLayer!, parts.backwardLayer!];
  if (typeof parts.layer?.getClassName !== "function") return null;
  if (layer.getClassName() === "SpectralNormalization") return [parts.layer];
  // A custom wrapper with weights besides those of the wrapped layer computes something itself.
  const wrapped = new Set(parts.layer.weights);
  return layer.weights.every((weight) => wrapped.has(weight)) ? [parts.layer] : null;
}

/** Returns true if a layer consists of named layers, as the attentions of Keras do. */
export function isComposite(layer: Layer): layer is Layer & { innerLayers: Record<string, Layer> } {
  const { innerLayers } = layer as { innerLayers?: Record<string, Layer> };
  return layerTraits(layer.getClassName()).kind === "container" &&
    typeof innerLayers === "object" && Object.values(innerLayers).length > 0;
}

/**
 * Returns the layers of a model that compute nothing themselves but call others: nested models and
 * wrappers, at any depth, without the model itself.
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
