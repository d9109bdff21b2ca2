import { isObject } from "../../ground/words/shape.ts";
import { camelCase, snakeCase } from "../../ground/traits/setting.ts";

export type Json = Record<string, unknown>;

/** Returns the name by which TensorFlow.js knows a class, or `null` if it is unknown. */
export type KnownAs = (name: string) => string | null;

/** Classes that are models. */
export const MODEL_CLASSES = ["Model", "Functional", "Sequential"];

/** Returns the keys of a dictionary in the order in which Keras lists its values. */
export const sortedKeys = (dictionary: Json): string[] => Object.keys(dictionary).toSorted();

/**
 * Returns the class of model that a configuration describes by its layers, or `null`. Keras also
 * writes the layers of a subclass of a functional model or a Sequential, such as one with its own
 * `train_step`.
 */
export function modelClassOf(config: unknown): "Functional" | "Sequential" | null {
  const { layers, input_layers: inputs, output_layers: outputs } = Object(config) as Json;
  if (!Array.isArray(layers)) return null;
  if (Array.isArray(inputs) && Array.isArray(outputs)) return "Functional";
  return Object(layers[0]).class_name === "InputLayer" ? "Sequential" : null;
}

/**
 * Returns the value that an object of the file has for a key of TensorFlow.js, and the key as in
 * the file. If two keys have the same conversion, the later one counts, as in the conversion
 * itself.
 */
export function setting(object: Json, key: string): { key: string; value: unknown } {
  const written = Object.keys(object).findLast((own) => camelCase(own) === key) ?? snakeCase(key);
  return { key: written, value: Object.hasOwn(object, written) ? object[written] : undefined };
}

/** Returns true if a file holds layers without weights, as `to_json()` of Keras writes them. */
export const isTopology = (json: unknown): json is Json =>
  isObject(json) && typeof json.class_name === "string" && "config" in json &&
  json.modelTopology === undefined;
