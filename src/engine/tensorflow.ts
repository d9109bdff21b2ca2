import { primitive, type Shape } from "../ground/words/shape.ts";
import type * as tfjs from "@tensorflow/tfjs";

/**
 * Module of TensorFlow.js 4.22, as imported by the engine. Only its types are imported statically:
 * evaluating it takes longer than printing a usage error should.
 */
export type TensorFlow = typeof tfjs;

/** TensorFlow.js tensor of any rank and dtype. */
export type Tensor = tfjs.Tensor;

/** TensorFlow.js layers model: `tf.Sequential` or `tf.LayersModel`. */
export type LayersModel = tfjs.LayersModel;

/** Layer of a {@linkcode LayersModel}. */
export type Layer = tfjs.layers.Layer;

/** TensorFlow.js optimizer, such as `tf.train.adam()`. */
export type Optimizer = tfjs.Optimizer;

/** TensorFlow.js callback for `model.fit`. */
export type Callback = tfjs.Callback;

/** Shape of the TensorFlow.js module, and of a copy that a program assembles itself. */
export const tensorFlow: Shape<unknown> = primitive("the module of TensorFlow.js", (value) => {
  const { layers, serialization, engine } = Object(value);
  return typeof layers?.Layer === "function" && typeof engine === "function" &&
    typeof serialization?.SerializationMap === "function";
});
