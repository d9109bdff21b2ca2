/** An object as JSON has it. */
export type Json = Record<string, unknown>;

/** The name that TensorFlow.js knows a class by, or `null` if it has none of that name. */
export type KnownAs = (name: string) => string | null;

/** The classes that are models. */
export const MODEL_CLASSES = ["Model", "Functional", "Sequential"];

export const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A key or name of Keras as TensorFlow.js has it. */
export const camelCase = (text: string) =>
  text.length <= 1 ? text : text.replace(/_+(\w|$)/g, (_, letter) => letter.toUpperCase());

/** A key or name of TensorFlow.js as Keras, and so the file, has it. */
export const snakeCase = (key: string) =>
  key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * What an object of the file holds for a key of TensorFlow.js, and the key as the file has it. Of two that
 * come to the same the later counts, as it does when the keys are converted.
 */
export function setting(object: Json, key: string): { key: string; value: unknown } {
  const written = Object.keys(object).findLast((own) => camelCase(own) === key) ?? snakeCase(key);
  return { key: written, value: Object.hasOwn(object, written) ? object[written] : undefined };
}
