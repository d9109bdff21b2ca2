import { requireValue, string } from "../words/shape.ts";
import { KERAS_LAYER_TRAITS } from "./keras_layers.ts";
import { LAYERS, type LayerTraits, OPAQUE } from "./layers.ts";
import { torchLayerTraits } from "./torch_layers.ts";

const registered = new Map<string, LayerTraits>();

/**
 * Returns the traits of a layer class: one of TensorFlow.js, one that {@linkcode registerLayer}
 * declared, one of Keras that TensorFlow.js lacks, or a module or operation of PyTorch.
 *
 * @param className The class name, as `layer.getClassName()` returns it.
 * @returns The traits; those of an opaque layer if the class is unknown.
 * @throws {InputError} If the name is not a string.
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
  requireValue("className", className, string);
  if (Object.hasOwn(LAYERS, className)) return LAYERS[className];
  const known = registered.get(className);
  if (known !== undefined) return known;
  if (Object.hasOwn(KERAS_LAYER_TRAITS, className)) {
    return (KERAS_LAYER_TRAITS as Record<string, LayerTraits>)[className];
  }
  return torchLayerTraits(className) ?? OPAQUE;
}

/** Stores the traits of a custom class, replacing earlier ones. */
export function rememberTraits(className: string, traits: LayerTraits): void {
  registered.set(className, traits);
}
