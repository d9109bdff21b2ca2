import type { TensorFlow } from "../tensorflow.ts";
import type { LayerClass } from "./layer_repair.ts";

/** Where models, wrappers and recurrent layers keep the layers inside them. */
const INNER = ["layers", "model", "layer", "forwardLayer", "backwardLayer", "cell", "cells"];

/** A class that may have a name of its own to be registered under. */
type NamedClass = LayerClass & { className?: string };

/**
 * The classes of those layers of a model, and of the layers inside them, that come from other copies of
 * TensorFlow.js than this one.
 *
 * @returns For each copy its classes by name. The base of all layers goes by the name of `Layer`, the base
 * of all models by that of `Container`.
 */
export function otherCopies(tf: TensorFlow, model: object): Map<string, LayerClass>[] {
  const copies = new Map<object, Map<string, LayerClass>>();
  const seen = new Set<unknown>();
  const visit = (value: unknown) => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (!(value instanceof tf.layers.Layer)) collect(value, copies);
    for (const key of INNER) {
      // A getter of a layer that is not built throws.
      const inner = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
      if (Array.isArray(inner)) inner.forEach(visit);
      else visit(inner);
    }
  };
  visit(model);
  return [...copies.values()];
}

/** Adds the classes that an object is made of, if it is a layer. */
function collect(value: object, copies: Map<object, Map<string, LayerClass>>): void {
  const classes = new Map<string, LayerClass>();
  let prototype = Object.getPrototypeOf(value);
  for (; prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const layerClass = prototype.constructor as NamedClass;
    const isBase = Object.hasOwn(prototype, "addWeight");
    const name = isBase
      ? "Layer"
      : Object.hasOwn(prototype, "runInternalGraph")
      ? "Container"
      : Object.hasOwn(layerClass, "className")
      ? layerClass.className
      : undefined;
    // A class of the user's that took over the name of its base is repaired with its base.
    if (name !== undefined) classes.set(name, layerClass);
    if (!isBase) continue;
    const known = copies.get(prototype) ?? new Map<string, LayerClass>();
    for (const [className, found] of classes) known.set(className, found);
    copies.set(prototype, known);
    return;
  }
}
