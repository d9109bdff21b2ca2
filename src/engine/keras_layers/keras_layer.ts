import type { Layer, TensorFlow } from "../tensorflow.ts";

/** Arguments of every layer. */
export type LayerArgs = Pick<
  Parameters<TensorFlow["layers"]["dense"]>[0],
  "name" | "trainable" | "inputShape" | "batchInputShape" | "batchSize" | "dtype"
>;

/**
 * Initialisers, regularizers and constraints of a layer with a kernel and a bias, as in
 * `tf.layers.dense`.
 */
export type WeightArgs = Pick<
  Parameters<TensorFlow["layers"]["dense"]>[0],
  | "kernelInitializer"
  | "biasInitializer"
  | "kernelRegularizer"
  | "biasRegularizer"
  | "kernelConstraint"
  | "biasConstraint"
>;

/** Class of layers. */
export interface KerasLayer<Args> {
  /** Makes a layer. */
  new (args: Args): Layer;
  /** Name that Keras writes into its files. */
  readonly className: string;
}

/** Returns the class for a copy of TensorFlow.js; always the same one. */
export type KerasLayerFactory<Args> = (tf: TensorFlow) => KerasLayer<Args>;

/**
 * Defines a layer that Keras has and TensorFlow.js lacks. Its class extends one of TensorFlow.js,
 * which is imported when the engine starts, so it cannot be declared earlier.
 *
 * @param define Declares the class.
 */
export function kerasLayer<Class>(define: (tf: TensorFlow) => Class): (tf: TensorFlow) => Class {
  const made = new WeakMap<object, Class>();
  return (tf) => {
    const key = tf.layers.Layer;
    const known = made.get(key);
    if (known !== undefined) return known;
    const own = define(tf);
    made.set(key, own);
    return own;
  };
}
