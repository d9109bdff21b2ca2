import { takeForMadeUp } from "../engine/repairs/watch_names.ts";
import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { containerLayers, leafLayers } from "./layers/leaf_layers.ts";
import { automaticName } from "./names.ts";

/**
 * Gives the layers of a copy, written and read again, the same names as those of the model: in a
 * file, names that TensorFlow.js generated, such as `dense_Dense7`, look like given ones.
 */
export function nameAlike(model: LayersModel, copy: LayersModel): void {
  const names = new Set(
    layersOf(model).filter((layer) => automaticName(layer) !== null).map(({ name }) => name),
  );
  for (const layer of layersOf(copy)) if (names.has(layer.name)) takeForMadeUp(layer);
}

/**
 * Returns all layers, including those that wrappers were given, after which their parts are named.
 */
function layersOf(model: LayersModel): Layer[] {
  const containers = containerLayers(model);
  const given = containers.flatMap((container) => (container as { layer?: Layer }).layer ?? []);
  return [...leafLayers(model).map(({ layer }) => layer), ...containers, ...given];
}
