import type { Layer, TensorFlow } from "../tensorflow.ts";

/** Class of TensorFlow.js's layers, for subclasses. */
export type StockClass<Own, Arguments extends unknown[]> = new (
  ...args: Arguments
) => Layer & Own;

/**
 * Returns a class of TensorFlow.js, which exports functions that make its layers but not the
 * classes. Subclasses inherit its handling of arguments (initialisers, regularisers, windows).
 *
 * @param name The name that it is registered under.
 * @param generation 0 for the class itself, 1 for its base class. Default: 0.
 */
export function stockClass<Own, Arguments extends unknown[]>(
  tf: TensorFlow,
  name: string,
  generation: 0 | 1 = 0,
): StockClass<Own, Arguments> {
  const [own] = tf.serialization.SerializationMap.getMap().classNameMap[name];
  return (generation === 0 ? own : Object.getPrototypeOf(own)) as StockClass<Own, Arguments>;
}
