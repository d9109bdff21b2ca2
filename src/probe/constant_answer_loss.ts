import { lossTraits } from "../traits/losses.ts";
import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { chooseLoss } from "../measure/choose_objective.ts";
import { inSameState } from "../measure/keep_state.ts";
import type { Batch } from "../model/batches/batch.ts";
import type { Objective } from "../model/objective.ts";
import { knownAnswers } from "./known_answers.ts";

/**
 * Returns the loss of the best constant answer, which uses no input, on the targets of a batch.
 *
 * @returns `null` without targets, for losses without a name, and if all targets are equal.
 */
export function constantAnswerLoss(
  tf: TensorFlow,
  model: LayersModel,
  { batch, objective }: { batch: Batch; objective: Objective | undefined },
): number | null {
  if (batch.targets == null || typeof objective === "function" || objective === "sum") return null;
  const targets = [batch.targets].flat() as Tensor[];
  const chosen = chooseLoss(tf, model, { objective, targets, seed: 1 });
  const trained = model.outputs.map((_, i) => i)
    .filter((i) => chosen.objective.lossOf(i) !== null);
  const isNamed = trained.every((i) => lossTraits(chosen.objective.lossOf(i)) !== null);
  if (chosen.drawn !== null || trained.length === 0 || !isNamed) {
    tf.dispose(chosen.drawn as never);
    return null;
  }
  const run = () => [model.predict(batch.inputs as Tensor)].flat() as Tensor[];
  const outputs = inSameState(tf, model.layers, run);
  const { guess, vary } = knownAnswers(tf, chosen.objective, { outputs, targets, trained });
  tf.dispose(outputs);
  return vary && Number.isFinite(guess) ? guess : null;
}
