import { describeTrial } from "../checks/describe_trial.ts";
import { type Finding, makeFinding } from "../checks/finding.ts";
import { isTried, weighTrial } from "../diagnosis/weigh_trial.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Attempt, SkippedTrial, Trial } from "../probe/trial.ts";
import { areStill } from "../probe/judge_trial.ts";
import { WEIGHTS_PER_TARGET } from "../probe/weights_per_target.ts";
import { optimizerWords, unusualRate } from "../traits/optimizers.ts";
import { formatNumber } from "../words/numbers.ts";
import type { CureSubject } from "./apply_cure.ts";
import { needsTrial } from "./needs_trial.ts";

/**
 * When a network is trained on its batch for some steps: `auto`, where an error was found, so that it is only
 * called one if the network does not learn, or where something about the network is unusual that one pass
 * cannot judge (dropout, targets out of scale, a warning); `always`; `off`; or as `auto`, for that many steps.
 */
export type TrialMode = "auto" | "always" | "off" | number;

/** How a network is to be trained. */
export interface TrialRequest {
  /** When. */
  mode: TrialMode;
  /** The seed that the model was made under. */
  seed?: number | null;
  /** Seconds that it may take. Default: those of `tryTraining`. */
  budgetSeconds?: number;
  /** Whether late starters get more steps. Default: no. */
  patient?: boolean;
}

/**
 * The rule whose errors a late start contradicts: little gradient reaches the first layers, as in a LeNet-5 of sigmoids,
 * which learns after 100 steps. Networks with other errors may learn 32 examples so late, and fail on more: even seeds
 * 166 and 482 of `bench/trainability` do.
 */
const SLOW_RULE = "vanishing-gradients";

/** Examples that differ by less than this share of their second moment are learned by heart, late, and no others are. */
const ALIKE = 0.01;

/** What training has shown of what one pass found. */
export interface TriedFindings {
  /** The trial; `null` where there was no reason for one. */
  trial: Trial | SkippedTrial | null;
  /** The findings of the pass, weighed by it. */
  findings: Finding[];
  /** That the network does not learn, where no rule found an error; else `null`. */
  shown: Finding | null;
}

/**
 * Tries what one pass found by training the network on its batch.
 *
 * @param subject The model, its batch and its objective; put back as they were.
 * @param pass What was measured and found.
 * @param options When to train, and the seed that the model was made under.
 */
export async function tryFindings(
  subject: CureSubject,
  { measurements, found }: { measurements: Measurements; found: readonly Finding[] },
  options: TrialRequest,
): Promise<TriedFindings> {
  const { mode } = options;
  const isDue = mode === "always" ||
    mode !== "off" && (found.some(isTried) || needsTrial(measurements, found));
  // Who asks for a number of steps means it.
  const patient = typeof mode !== "number" &&
    !found.some((finding) => isTried(finding) && finding.rule !== SLOW_RULE) &&
    !measurements.batch.perInput.some(({ spread }) => (spread ?? 1) < ALIKE);
  const trial = isDue ? await trySubject(subject, { ...options, patient }) : null;
  const findings = weighTrial(found, trial);
  const isOpen = trial !== null && !("skipped" in trial) &&
    !findings.some(({ severity }) => severity === "error");
  return { trial, findings, shown: isOpen ? trialFinding(trial, measurements) : null };
}

/** Trains a subject as it stands; where the sum of the outputs is measured, on the loss that fits its head. */
export async function trySubject(
  { model, batch, objective }: CureSubject,
  { mode, seed, budgetSeconds, patient = false }: TrialRequest,
): Promise<Trial | SkippedTrial> {
  const { tryTraining } = await import("../probe/try_training.ts");
  return await tryTraining(model, batch, {
    ...seed == null ? {} : { seed },
    ...objective === undefined || objective === "sum" ? {} : { objective },
    ...typeof mode === "number" ? { steps: mode } : {},
    always: mode === "always",
    budgetSeconds,
    patient,
  });
}

/** What a trial is reported by where no rule found an error: that the network does not learn its batch. */
function trialFinding(trial: Trial, measurements: Measurements): Finding | null {
  const about = {
    severity: "error" as const,
    layer: null,
    measured: null,
    expected: "a network that learns its batch",
  };
  if (trial.verdict === "fails") {
    if (saysLittle(trial, measurements)) return null;
    return makeFinding("trial", {
      ...about,
      kind: trial.reason?.replaceAll(" ", "-") ?? "fails",
      message: `The network does not learn its batch: ${describeTrial(trial)}.`,
      advice: "Look at the targets, the loss and the learning rate.",
    });
  }
  const given = trial.attempts.find(({ given }) => given);
  if (given === undefined || trial.verdict !== "learns") return null;
  const best = trial.attempts[trial.best!];
  if (!isStuck(given, best)) return null;
  const { learningRate } = best;
  const optimizer = optimizerWords({ name: best.optimizer });
  return makeFinding("trial", {
    ...about,
    kind: "learning-rate",
    message: `The network does not learn its batch as it was compiled: ${describeTrial(trial)}.`,
    advice: learningRate === null
      ? `Train it by ${optimizer}.`
      : `Train it by ${optimizer} at a rate of ${formatNumber(learningRate)}.`,
  });
}

/** From this fit on a network that learns no batch by heart has begun to learn: sensible ones with dropout come to it. */
const BEGINS = 0.1;

/**
 * Whether a failed trial says too little of a network in which one pass finds no error: it learns no batch by heart,
 * with dropout or a few weights, or some layers stand still that the signal goes round, as it does branches of a
 * residual network that start at zero.
 */
function saysLittle({ attempts, best, reason }: Trial, { layers }: Measurements): boolean {
  const { fit, stillLayers, layers: trained } = attempts[best!];
  if (reason === "still layers") return stillLayers < trained.length;
  const weights = layers.flatMap(({ weights }) => weights).filter(({ trainable }) => trainable)
    .reduce((sum, { values }) => sum + values.count, 0);
  const answers = layers.filter(({ role }) => role === "output")
    .reduce((most, { activations }) => Math.max(most, activations?.count ?? 0), 0);
  return reason === "no progress" && (fit ?? -Infinity) >= BEGINS &&
    (layers.some(({ dropout }) => (dropout ?? 0) > 0) || weights < WEIGHTS_PER_TARGET * answers);
}

/** A loss that has moved by less than this share of itself stands still; at a rate that is low, by less than the other. */
const STANDS = { usual: 1e-3, low: 2e-2 };
/** One that has grown by this factor runs away. */
const RUNS_AWAY = 1.5;

/**
 * Whether the given rate alone is the fault: it is higher than any that is used, and a yet higher one is not what
 * learns, or the loss is not finite, runs away, or stands still, or most layers do. One that falls slowly, as under
 * Adam at 1e-3, has not had the time to tell.
 */
function isStuck(
  { verdict, nonFiniteStep, loss, optimizer, learningRate, layers }: Attempt,
  best: Attempt,
): boolean {
  if (verdict !== "fails") return false;
  const { first, last } = loss;
  const unusual = unusualRate({ name: optimizer }, learningRate);
  const stands = unusual === "low" ? STANDS.low : STANDS.usual;
  const isHigher = best.optimizer === optimizer && best.learningRate! > learningRate!;
  return unusual === "high" && !isHigher || nonFiniteStep !== null || last > RUNS_AWAY * first ||
    areStill(layers) ||
    Math.abs(last - first) < stands * Math.abs(first);
}
