import type { Layer, TensorFlow } from "../tensorflow.ts";

/** A class of TensorFlow.js's layers, for others to extend. */
export type StockClass<Own, Arguments extends unknown[]> = new (
  ...args: Arguments
) => Layer & Own;

/**
 * A class of TensorFlow.js, which hands out functions that make its layers and not the classes. What such a class
 * does with its arguments (initialisers, regularisers, windows) its heirs need not do again.
 *
 * @param name The name that it is registered under.
 * @param generation 0 for the class itself, 1 for the one that it extends. Default: 0.
 */
export function stockClass<Own, Arguments extends unknown[]>(
  tf: TensorFlow,
  name: string,
  generation: 0 | 1 = 0,
): StockClass<Own, Arguments> {
  const [own] = tf.serialization.SerializationMap.getMap().classNameMap[name];
  return (generation === 0 ? own : Object.getPrototypeOf(own)) as StockClass<Own, Arguments>;
}
