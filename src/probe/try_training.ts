import { heapOf } from "../engine/start/prepare_engine.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import { chooseLoss } from "../measure/choose_objective.ts";
import type { Batch } from "../model/batches/batch.ts";
import { judgeTrial, type SkippedTrial, type Trial } from "./trial.ts";
import { openProbe } from "./open_probe.ts";
import { openTrial, trialLimits, type TrialOptions, unknownLoss } from "./open_trial.ts";
import { rungs } from "./rungs.ts";
import { climb } from "./climb.ts";

/**
 * Trains a model on one batch for some steps, to see if it learns, then restores everything:
 * weights, states, moving statistics and the optimizer are restored bit by bit, even if a step
 * throws.
 *
 * Each attempt starts from the same weights and steps as `model.fit` does: with the compiled loss,
 * dropout, batch normalisation in training mode and the penalties of the layers. The compiled
 * optimizer comes first, as a new one of its class and configuration; then, unless it is Adam, the
 * same at ten times and a tenth of its rate; then Adam at 3e-3, 1e-2 and 1e-3. The trial stops at
 * the first attempt that learns. An uncompiled model is trained on the loss that fits its head, on
 * random targets if the batch has none.
 *
 * The result depends only on the model, the batch, whose seed also draws dropout masks and targets,
 * and the budget. Threads do not matter; time does only if the trial takes more than three times its
 * budget, of processor time where that is known: a busy machine does not change the result.
 *
 * @param model A built model; it is restored afterwards.
 * @param batch One tensor per input, and targets if there are any.
 * @param options The loss, the optimizer, how long to train, and the seed that the model was made
 * with.
 * @returns The trial; or, if it would take too long, the reason why it was skipped.
 * @throws {MeasureError} If the loss cannot be evaluated or differentiated.
 * @throws {InputError} If the batch does not suit the model, or an option is out of range, or if
 * the model or the batch is invalid.
 *
 * @example The exercise's network with kernels of a healthy scale learns
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { tryTraining } from "@gradient-health/gradient-health/probe";
 * import { assert, assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const trial = await tryTraining(model, randomBatch(model));
 * assert("verdict" in trial);
 * assertEquals(trial.verdict, "learns");
 * model.dispose();
 * ```
 */
export async function tryTraining(
  model: LayersModel,
  batch: Batch,
  options: TrialOptions = {},
): Promise<Trial | SkippedTrial> {
  const probe = await openProbe(model, batch, options);
  const limits = trialLimits(options);
  const { steps } = limits;
  const { tf, targets, subject } = probe;
  const unknown = unknownLoss(probe, options);
  if (unknown !== null) return unknown;
  const ladder = rungs(heapOf(probe.engine), model, options.optimizer);
  if (model.trainableWeights.length === 0) {
    const givenVerdict = ladder[0].given ? "fails" : null;
    const chosen = chooseLoss(tf, model, {
      objective: options.objective,
      targets,
      seed: batch.seed ?? 0,
    });
    tf.dispose(chosen.drawn ?? []);
    return {
      ...subject,
      objective: { name: chosen.objective.name },
      randomTargets: targets === null,
      guess: null,
      verdict: "fails",
      givenVerdict,
      reason: "frozen",
      attempts: [],
      best: null,
    };
  }
  const trial = await openTrial(probe, options, { ...limits, few: true });
  if ("skipped" in trial) return trial;
  const { facts: { examples, ...facts }, guess } = trial;
  try {
    const { patient: isPatient = true, thorough: isThorough = false } = options;
    const how = { steps, left: trial.steps, guess, isPatient, isThorough };
    const climbed = await climb(ladder, how, trial.make);
    if (climbed === null) return trial.stopped;
    const { attempts, untried } = climbed;
    return {
      ...subject,
      ...facts,
      ...judgeTrial(attempts, { guess, untried, examples }),
      attempts,
      ...untried > 0 ? { untried } : {},
      ...examples === undefined ? {} : { examples },
    };
  } finally {
    trial.dispose();
  }
}
