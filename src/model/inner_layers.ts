import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { layerTraits } from "../traits/layer_traits.ts";

/**
 * Layers inside a layer: a nested model's, or the ones that a wrapper applies.
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
  // A custom layer may keep layers of its own in a list; only a model has input layers beside it.
  if (Array.isArray(parts.layers) && Array.isArray(parts.inputLayers)) return parts.layers;
  if (isComposite(layer)) return Object.values(parts.innerLayers!);
  if (layer.getClassName() === "Bidirectional") return [parts.forwardLayer!, parts.backwardLayer!];
  if (typeof parts.layer?.getClassName !== "function") return null;
  if (layer.getClassName() === "SpectralNormalization") return [parts.layer];
  // A custom wrapper that has weights besides those of the layer it wraps computes something itself.
  const wrapped = new Set(parts.layer.weights);
  return layer.weights.every((weight) => wrapped.has(weight)) ? [parts.layer] : null;
}

/** Whether a layer is made of layers that it names, as the attentions of Keras are. */
export function isComposite(layer: Layer): layer is Layer & { innerLayers: Record<string, Layer> } {
  const { innerLayers } = layer as { innerLayers?: Record<string, Layer> };
  return layerTraits(layer.getClassName()).kind === "container" &&
    typeof innerLayers === "object" && Object.values(innerLayers).length > 0;
}

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
