import type * as tfjs from "@tensorflow/tfjs";

/**
 * The TensorFlow.js 4.22 module, as the engine imported it. Only its types are imported statically:
 * evaluating it takes longer than printing a usage error should.
 */
export type TensorFlow = typeof tfjs;

/** A TensorFlow.js tensor of any rank and dtype. */
export type Tensor = tfjs.Tensor;

/** A TensorFlow.js layers model: `tf.Sequential` or `tf.LayersModel`. */
export type LayersModel = tfjs.LayersModel;

/** A layer of a {@linkcode LayersModel}. */
export type Layer = tfjs.layers.Layer;

/** A TensorFlow.js optimizer: `tf.train.adam()` and its like. */
export type Optimizer = tfjs.Optimizer;

/** A TensorFlow.js callback for `model.fit`. */
export type Callback = tfjs.Callback;
