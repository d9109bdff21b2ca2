import type { Optimizer, TensorFlow } from "../../src/engine/tensorflow.ts";

/** The optimizers of TensorFlow.js, as `tf.train` calls them. */
export const OPTIMIZERS = [
  "adam",
  "sgd",
  "momentum",
  "rmsprop",
  "adagrad",
  "adadelta",
  "adamax",
] as const;

/** Optimizer of the draw. */
export type OptimizerName = typeof OPTIMIZERS[number];

/** The momentum that everybody uses. */
const MOMENTUM = 0.9;

/** The optimizer of a name at a rate; what else it takes is left at its default. */
export function optimizerOf(tf: TensorFlow, name: OptimizerName, rate: number): Optimizer {
  return name === "momentum" ? tf.train.momentum(rate, MOMENTUM) : tf.train[name](rate);
}
