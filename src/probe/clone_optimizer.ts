import type { LayersModel, Optimizer, TensorFlow } from "../engine/tensorflow.ts";

/** What training with Keras' defaults takes. */
const LEARNING_RATE = 0.001;

interface OptimizerClass {
  new (...args: never[]): Optimizer;
  fromConfig(cls: OptimizerClass, config: object): Optimizer;
}

/**
 * A copy of an optimizer with its state (moments, number of steps), so that the original is not moved:
 * of the given one, of the one that the model was compiled with, or a new Adam. Adamax cannot tell its
 * state; its copy starts afresh.
 *
 * @returns The copy; the caller's to dispose.
 * @throws {TypeError} If what was given is no optimizer.
 */
export async function cloneOptimizer(
  tf: TensorFlow,
  model: LayersModel,
  given: Optimizer | undefined,
): Promise<Optimizer> {
  const original = given ?? (model as { optimizer?: Optimizer }).optimizer ??
    null;
  if (original === null) return tf.train.adam(LEARNING_RATE);
  const { constructor } = original as { constructor: unknown };
  if (typeof original.applyGradients !== "function" || typeof constructor !== "function") {
    throw new TypeError(
      `options.optimizer must be an optimizer of TensorFlow.js, got ${typeof given}.`,
    );
  }
  const own = constructor as OptimizerClass;
  const copy = own.fromConfig(own, original.getConfig());
  if (original.getClassName() === "Adamax") return copy;
  const [iterations, ...slots] = await original.getWeights();
  await copy.setWeights([iterations, ...slots]);
  iterations.tensor.dispose();
  return copy;
}
