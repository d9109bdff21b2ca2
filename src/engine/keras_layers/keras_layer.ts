import type { Layer, TensorFlow } from "../tensorflow.ts";

/** What every layer takes. */
export type LayerArgs = Pick<
  Parameters<TensorFlow["layers"]["dense"]>[0],
  "name" | "trainable" | "inputShape" | "batchInputShape" | "batchSize" | "dtype"
>;

/** How a layer with a kernel and a bias draws them, and what holds them. As in `tf.layers.dense`. */
export type WeightArgs = Pick<
  Parameters<TensorFlow["layers"]["dense"]>[0],
  | "kernelInitializer"
  | "biasInitializer"
  | "kernelRegularizer"
  | "biasRegularizer"
  | "kernelConstraint"
  | "biasConstraint"
>;

/** A class of layers. */
export interface KerasLayer<Args> {
  /** Makes a layer. */
  new (args: Args): Layer;
  /** The name that Keras writes into its files. */
  readonly className: string;
}

/** Makes a class for a copy of TensorFlow.js; the same one when it is asked again. */
export type KerasLayerFactory<Args> = (tf: TensorFlow) => KerasLayer<Args>;

/**
 * A layer that Keras has and TensorFlow.js lacks. Its class extends one of TensorFlow.js, which is imported
 * when the engine starts, so that it cannot be declared before.
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
