import { heapOf } from "../../engine/start/prepare_engine.ts";
import type { LayersModel } from "../../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import { openProbe } from "./open_probe.ts";
import {
  type OpenTrial,
  openTrial,
  trialLimits,
  type TrialOptions,
  unknownLoss,
} from "./open_trial.ts";
import { LEAST_STEPS } from "./plan_trial.ts";
import { type LearningRates, usableRates } from "./rate_search.ts";
import { rateLadder, type Rung } from "./rungs.ts";
import type { Attempt, SkippedTrial } from "./trial.ts";

/** A shorter ladder says too little. */
const LEAST_RUNGS = 4;

/** Options of {@linkcode learningRates}. */
export type RateOptions = Omit<TrialOptions, "patient">;

/**
 * Searches the learning rate: trains a model from the same weights at a ladder of rates, for the
 * same number of steps at each, and names the usable rates and the best one. Then everything is
 * restored bit by bit, even if a step throws.
 *
 * The optimizer is the requested or compiled one, with its settings and its schedule, whose peak is
 * moved; rates go from a tenth of its least usual rate to ten times the largest, and its own rate is
 * among them. If there is none, Adam and plain descent are tried. Steps are those of `tryTraining`,
 * and so are loss, targets and budget: if not all rates fit the budget, fewer examples, steps and
 * rates are tried. The result depends only on the model, the batch and its seed, and the budget.
 *
 * @param model A built model; it is restored afterwards.
 * @param batch One tensor per input, and targets if there are any.
 * @param options The loss, the optimizer, the steps at each rate, and the budget.
 * @returns The rates; or the reason why they were not tried.
 * @throws {MeasureError} If the loss cannot be evaluated or differentiated.
 * @throws {InputError} If the batch does not suit the model, or an option is out of range, or if
 * the model or the batch is invalid.
 *
 * @example A rate that the exercise's network learns with
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { learningRates } from "@gradient-health/gradient-health/probe";
 * import { assert, assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const found = await learningRates(model, randomBatch(model));
 * assert("rates" in found);
 * assertEquals(found.suggested?.optimizer, "Adam");
 * model.dispose();
 * ```
 */
export async function learningRates(
  model: LayersModel,
  batch: Batch,
  options: RateOptions = {},
): Promise<LearningRates | SkippedTrial> {
  const probe = await openProbe(model, batch, options);
  const limits = trialLimits(options);
  const unknown = unknownLoss(probe, options);
  if (unknown !== null) return unknown;
  if (model.trainableWeights.length === 0) {
    return { skipped: "no weight is trainable.", seconds: 0 };
  }
  const ladder = rateLadder(heapOf(probe.engine), model, options.optimizer);
  if (ladder.length === 0) {
    return { skipped: "the optimizer has no learning rate that is known.", seconds: 0 };
  }
  const all = limits.steps * ladder.length;
  const trial = await openTrial(probe, options, { ...limits, steps: all });
  if ("skipped" in trial) return trial;
  try {
    return await tryRates(ladder, trial, limits.steps);
  } finally {
    trial.dispose();
  }
}

/** Makes an attempt at each rate that fits the budget. */
async function tryRates(
  ladder: Rung[],
  { facts, steps: affordable, make, stopped }: OpenTrial,
  asked: number,
): Promise<LearningRates | SkippedTrial> {
  const least = Math.min(asked, LEAST_STEPS);
  let rungs = ladder;
  while (affordable < least * rungs.length && rungs.length > LEAST_RUNGS) {
    rungs = rungs.filter(({ given }, i) => given || i % 2 === 0);
  }
  const steps = Math.max(least, Math.min(asked, Math.floor(affordable / rungs.length)));
  const attempts: Attempt[] = [];
  for (const rung of rungs) {
    const made = await make({ rung, steps, most: steps, isShort: false, isWhole: true });
    if (made === null) return stopped;
    attempts.push(made);
    // The model is restored at this point, so other tasks, such as a listener for Ctrl-C, may run.
    await new Promise((resolve) => setTimeout(resolve));
  }
  const { first } = attempts[0].loss;
  return { ...facts, steps, loss: first, ...usableRates(attempts, facts.guess) };
}
