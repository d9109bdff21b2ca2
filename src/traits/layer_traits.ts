import { requireValue, text } from "../words/requirements.ts";
import { KERAS_LAYER_TRAITS } from "./keras_layer_traits.ts";
import { LAYERS, type LayerTraits, OPAQUE } from "./layers.ts";

export type { LayerTraits };

const registered = new Map<string, LayerTraits>();

/**
 * What is known about a layer class: TensorFlow.js's own, one that {@linkcode registerLayer} declared, or one of
 * Keras's that TensorFlow.js lacks.
 *
 * @param className The class's name, as `layer.getClassName()` gives it.
 * @returns The traits; those of an opaque layer if nothing is known about it.
 * @throws {TypeError} If the name is not a text.
 *
 * @example
 * ```ts
 * import { layerTraits } from "@gradient-health/gradient-health/traits";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(layerTraits("LSTM").kind, "recurrent");
 * assertEquals(layerTraits("SomebodysLayer").kind, "opaque");
 * ```
 */
export function layerTraits(className: string): LayerTraits {
  requireValue("className", className, text);
  if (Object.hasOwn(LAYERS, className)) return LAYERS[className];
  const known = registered.get(className);
  if (known !== undefined) return known;
  return Object.hasOwn(KERAS_LAYER_TRAITS, className) ? KERAS_LAYER_TRAITS[className] : OPAQUE;
}

/** Stores the traits of a custom class, replacing earlier ones. */
export function rememberTraits(className: string, traits: LayerTraits): void {
  registered.set(className, traits);
}
