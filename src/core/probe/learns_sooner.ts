import type { LayersModel } from "../../engine/tensorflow.ts";
import { heapOf } from "../../engine/start/prepare_engine.ts";
import type { Batch } from "../model/batches/batch.ts";
import { openProbe } from "./open_probe.ts";
import { openTrial, trialLimits, type TrialOptions } from "./open_trial.ts";
import { LEAST_STEPS } from "./plan_trial.ts";
import { rungs } from "./rungs.ts";
import { type Attempt, LEARNS_FROM, type Trial } from "./trial.ts";

/** Steps of a training that was as good as an earlier one. */
interface Sooner {
  /** Steps of the earlier training. */
  before: number;
  /** Steps that it took now. */
  after: number;
}

/** Result of comparing two trainings. */
interface Comparison {
  /** The steps of both if the second one was clearly sooner; `null` if not. */
  sooner: Sooner | null;
  /** Number of steps taken. */
  steps: number;
  /** True if the budget ended it while more steps might have helped. */
  isCut: boolean;
}

/**
 * A training is clearly sooner if it takes at most this share of the steps. Of 43 fixes of networks
 * of `bench/trainability` (seeds that are multiples of 4), 20 of the 22 that were clearly sooner
 * also trained better on 2048 examples (by 0.02 of the score or more, on average over 200 steps of
 * the compiled optimizer), and 8 of the 21 others.
 */
export const SOONER = 2 / 3;

/**
 * Fewer steps than these are not worth a change. Of published networks that learn their batch at
 * once, four that are drawn by Glorot or as in PyTorch save 4 to 10 steps by He's initialiser; the
 * fixes of faults in `bench/trainability` save 40 and more.
 */
const LEAST_SAVED = 15;

/** A training that did not learn is clearly surpassed by this much more fit in as many steps. */
const FURTHER = 0.2;

/**
 * Trains a changed model on its batch as an earlier trial trained the original, to see if it learns
 * clearly sooner: at the compiled rate, and at the best one. Everything is restored afterwards.
 *
 * @param batch Its batch, which may be changed as well.
 * @param options Options of the earlier trial.
 * @param earlier The earlier trial, and the number of steps that have been taken since.
 */
export async function learnsSooner(
  model: LayersModel,
  batch: Batch,
  options: TrialOptions,
  { trial, taken }: { trial: Trial; taken: number },
): Promise<Comparison> {
  const probe = await openProbe(model, batch, options);
  const opened = await openTrial(probe, options, trialLimits(options));
  if ("skipped" in opened) return { sooner: null, steps: 0, isCut: true };
  const spent = trial.attempts.reduce((sum, { steps }) => sum + steps, taken);
  let left = opened.steps - spent;
  const result: Comparison = { sooner: null, steps: 0, isCut: false };
  try {
    for (const earlier of comparable(trial)) {
      const rung = rungs(heapOf(probe.engine), model, options.optimizer)
        .find((rung) => isSame(rung, earlier));
      const hasLearned = earlier.fit !== null && earlier.fit >= LEARNS_FROM;
      const wanted = hasLearned ? soonerThan(earlier.steps) : earlier.steps;
      const steps = Math.min(wanted, left);
      if (wanted < 1) continue;
      if (rung === undefined || steps < wanted) result.isCut = true;
      if (rung === undefined || steps < Math.min(wanted, LEAST_STEPS)) continue;
      const made = await opened.make({ rung, steps, most: steps, isShort: false });
      if (made === null) return { ...result, isCut: true };
      left -= made.steps;
      result.steps += made.steps;
      const { fit, nonFiniteStep } = made;
      const goal = Math.min(LEARNS_FROM, Math.max(0, earlier.fit ?? LEARNS_FROM) + FURTHER);
      if (nonFiniteStep !== null || fit === null || fit < goal) continue;
      return { ...result, sooner: { before: earlier.steps, after: made.steps }, isCut: false };
    }
    return result;
  } finally {
    opened.dispose();
  }
}

/** Returns the number of steps that is clearly less than another. */
const soonerThan = (steps: number) => Math.min(Math.floor(SOONER * steps), steps - LEAST_SAVED);

/** Returns the attempts to compare with: the compiled rate and the best one. */
function comparable({ attempts, best }: Trial): Attempt[] {
  return attempts.filter(({ given }, i) => given || i === best);
}

/**
 * Returns true if both attempts use the same optimizer at the same rate; a fix may have changed the
 * compiled rate.
 */
function isSame(
  a: Pick<Attempt, "optimizer" | "learningRate" | "given">,
  b: Pick<Attempt, "optimizer" | "learningRate" | "given">,
): boolean {
  return a.given === b.given && a.optimizer === b.optimizer &&
    (a.given || a.learningRate === b.learningRate);
}
