import type * as tfjs from "@tensorflow/tfjs";
import type { LayersModel, Optimizer, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { MeasureError } from "../measure/measure_error.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";
import type { KeptProbe } from "./keep_model.ts";
import { outputsOf } from "./run_forward.ts";
import { errorMessage } from "../words/error_message.ts";

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
  const original = given ?? (model as { optimizer?: Optimizer }).optimizer ?? null;
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

/**
 * Takes one step as `model.fit` does: dropout and batch normalisation in training mode, the penalties of
 * the layers in the loss, the model's trainable weights. A model that is frozen as a whole only runs. It
 * starts from the states that the model had before the probe.
 *
 * @returns The loss before the step.
 * @throws {MeasureError} If the loss cannot be differentiated.
 */
export function trainingStep(
  { tf, model, inputs, rewind }: KeptProbe,
  objective: ResolvedObjective,
  optimizer: Optimizer,
): number {
  rewind();
  // Kept hold of: when the backward pass throws, nobody else frees it.
  let latest: Tensor | null = null;
  const loss = (): tfjs.Scalar => {
    const outputs = outputsOf(model, inputs, true);
    const penalties = (model as unknown as { calculateLosses(): Tensor[] }).calculateLosses();
    latest = penalties.reduce(
      (sum, penalty) => tf.add(sum, penalty),
      tf.reshape(objective.evaluate(outputs), []),
    );
    return latest as tfjs.Scalar;
  };
  const variables = model.trainableWeights.map((weight) => weight.read() as tfjs.Variable);
  try {
    const value = variables.length === 0
      ? tf.tidy(loss)
      : optimizer.minimize(loss, true, variables)!;
    const [number] = value.dataSync();
    value.dispose();
    return number;
  } catch (error) {
    tf.dispose(latest ?? []);
    throw new MeasureError(
      `A training step of ${objective.name} cannot be taken: ${errorMessage(error)}`,
      { cause: error },
    );
  }
}
