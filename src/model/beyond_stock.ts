import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { KERAS_ACTIVATIONS } from "../traits/keras_activations.ts";
import { KERAS_LAYER_TRAITS } from "../traits/keras_layers.ts";
import { LAYERS } from "../traits/layers.ts";
import { containerLayers, leafLayers } from "./layers/leaf_layers.ts";

/** Settings of Keras that make a repaired layer of TensorFlow.js differ from the stock one. */
const SETTINGS = [
  "groups",
  "keepdims",
  "maskRule",
  "negativeSlope",
  "resetAfter",
  "rmsScaling",
  "threshold",
];

/** Parts of a layer that matter here. */
interface Parts {
  activation?: { getClassName?(): string };
  cell?: Record<string, unknown>;
  alpha?: unknown;
  asKeras?: boolean;
  interpolation?: string;
}

/**
 * Lists the parts of a model that TensorFlow.js alone cannot build: layers and activations of
 * Keras, and settings that TensorFlow.js's own layers reject or ignore. Reading a model.json with
 * any of them needs this package.
 *
 * @returns Each name once: `GroupNormalization`, `squareplus`, `resetAfter of GRU`.
 */
export function beyondStock(model: LayersModel): string[] {
  const containers = containerLayers(model);
  // The parts of an attention follow from it.
  const parts = new Set(containers.flatMap((layer) => (layer as { inner?: Layer[] }).inner ?? []));
  const layers = [...leafLayers(model).map(({ layer }) => layer), ...containers];
  return [...new Set(layers.filter((layer) => !parts.has(layer)).flatMap(ofLayer))];
}

function ofLayer(layer: Layer): string[] {
  const className = layer.getClassName();
  const { activation, cell, alpha, asKeras, interpolation } = layer as unknown as Parts;
  const name = activation?.getClassName?.() ?? "";
  const isOwn = Object.hasOwn(KERAS_ACTIVATIONS, name) || name.startsWith("leakyRelu(");
  const activations = isOwn ? [name] : [];
  if (Object.hasOwn(KERAS_LAYER_TRAITS, className)) return [className, ...activations];
  if (!Object.hasOwn(LAYERS, className)) return activations;
  const settings = SETTINGS.filter((key) =>
    (layer as unknown as Record<string, unknown>)[key] || cell?.[key]
  );
  if (className === "ELU" && alpha !== 1) settings.push("alpha");
  // Both repeat whole pixels in the same way.
  const isRepeated = className === "UpSampling2D" && interpolation === "nearest";
  if (asKeras && !isRepeated) settings.push("asKeras");
  return [...activations, ...settings.map((key) => `${key} of ${className}`)];
}
