import type { LayersModel, Optimizer, TensorFlow } from "../engine/tensorflow.ts";

/** What `compile` calls the optimizers that both Keras and TensorFlow.js have. */
const OPTIMIZERS = ["adadelta", "adagrad", "adam", "adamax", "rmsprop", "sgd"] as const;

/** Rate of the optimizer that stands in for one that is not known. */
const STAND_IN_RATE = 0.001;

/**
 * Returns the optimizer that a training configuration names, at its learning rate. An optimizer that TensorFlow.js
 * lacks, or a rate that follows a schedule, leaves Adam as TensorFlow.js has it. Keras writes `optimizer_config`, and
 * from version 3 on `optimizer`; the rate was once called `lr`.
 *
 * @param tf The engine's TensorFlow.js.
 * @param saved The training configuration of the file.
 */
export function savedOptimizer(tf: TensorFlow, saved: Record<string, unknown>): Optimizer {
  const written = Object(saved.optimizer_config ?? saved.optimizer) as Record<string, unknown>;
  const { learning_rate, learningRate, lr, momentum } = Object(written.config);
  const rate: unknown = learning_rate ?? learningRate ?? lr;
  const name = String(written.class_name ?? written.className).toLowerCase();
  const known = OPTIMIZERS.find((one) => one === name);
  if (known === undefined || typeof rate !== "number" || momentum > 0) {
    return tf.train.adam(STAND_IN_RATE);
  }
  return tf.train[known](rate);
}

/** Gives a compiled model its optimizer, which is then disposed with it. */
export function ownOptimizer(model: LayersModel): void {
  type Owner = { isOptimizerOwned: boolean; model?: Owner };
  const owner = model as unknown as Owner;
  owner.isOptimizerOwned = true;
  // A sequential model compiles another one inside itself.
  if (owner.model !== undefined) owner.model.isOptimizerOwned = true;
}
