import type { Optimizer, Tensor } from "../engine/tensorflow.ts";
import type * as tfjs from "@tensorflow/tfjs";
import { MeasureError } from "../measure/measure_error.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";
import type { OpenProbe } from "./open_probe.ts";

/**
 * Takes one step as `model.fit` does: dropout and batch normalisation in training mode, the penalties of
 * the layers in the loss, the model's trainable weights. A model that is frozen as a whole only runs.
 *
 * @returns The loss before the step.
 * @throws {MeasureError} If the loss cannot be differentiated.
 */
export function trainingStep(
  { tf, model, inputs }: OpenProbe,
  objective: ResolvedObjective,
  optimizer: Optimizer,
): number {
  // Kept hold of: when the backward pass throws, nobody else frees it.
  let latest: Tensor | null = null;
  const loss = (): tfjs.Scalar => {
    const given = inputs.length === 1 ? inputs[0] : inputs;
    const outputs = [model.apply(given, { training: true })].flat() as Tensor[];
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
      `A training step of ${objective.name} cannot be taken: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
