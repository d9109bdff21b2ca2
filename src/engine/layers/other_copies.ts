import type { TensorFlow } from "../tensorflow.ts";
import type { LayerClass } from "./layer_repair.ts";

/** Properties in which models, wrappers and recurrent layers hold inner layers. */
const INNER = ["layers", "model", "layer", "forwardLayer", "backwardLayer", "cell", "cells"];

/** Class that may be registered under its own name. */
type NamedClass = LayerClass & { className?: string };

/**
 * Returns the classes of a model's layers, inner layers included, that come from other copies of
 * TensorFlow.js.
 *
 * @returns For each copy, its classes by name. The base of all layers is called `Layer`, that of
 * all models `Container`.
 */
export function otherCopies(tf: TensorFlow, model: object): Map<string, LayerClass>[] {
  const copies = new Map<object, Map<string, LayerClass>>();
  const seen = new Set<unknown>();
  const visit = (value: unknown) => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (!(value instanceof tf.layers.Layer)) collect(value, copies);
    for (const key of INNER) {
      // Getters of an unbuilt layer throw.
      const inner = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
      if (Array.isArray(inner)) inner.forEach(visit);
      else visit(inner);
    }
  };
  visit(model);
  return [...copies.values()];
}

/** Adds the classes in an object's prototype chain, if it is a layer. */
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
    // A user's class with the inherited name of its base is repaired with the base.
    if (name !== undefined) classes.set(name, layerClass);
    if (!isBase) continue;
    const known = copies.get(prototype) ?? new Map<string, LayerClass>();
    for (const [className, found] of classes) known.set(className, found);
    copies.set(prototype, known);
    return;
  }
}
