import type { Measurements } from "../../measure/measurements.ts";
import type { TrialOptions } from "../../probe/open_trial.ts";
import { WEIGHTS_PER_TARGET } from "../../probe/probe_options.ts";
import {
  areStill,
  AT_FAULT,
  type Attempt,
  beginsLate,
  givenLearnsLate,
  isGuessing,
  learnsInTime,
  learnsLate,
  type SkippedTrial,
  startsFar,
  type Trial,
} from "../../probe/trial.ts";
import { describeTrial } from "../../rules/describe_trial.ts";
import { amendFinding, type Finding, makeFinding, saidOf } from "../../rules/finding.ts";
import { RULES } from "../../rules/rules.ts";
import { NOTHING, say } from "../../rules/say.ts";
import { optimizerWords, unusualRate } from "../../../ground/traits/optimizers.ts";
import { formatNumber } from "../../../ground/words/numbers.ts";
import type { FixSubject } from "./apply_fixes.ts";

/**
 * Rules whose findings a trial weighs: those of this package, over measurements. Their errors say
 * that a network does not train.
 */
export const TRIED: ReadonlySet<string> = new Set(RULES.map(({ name }) => name));

/**
 * Verdicts that suggest a network trains despite an error. Of the 350 networks with even seeds in
 * `bench/trainability`, most of those that have an error but begin to learn are slow or train.
 */
export const LEARNING: readonly Trial["verdict"][] = ["learns", "slow"];

/** Returns true for a trial of a network that learns its batch, or begins to. */
export const isLearning = (trial: Trial | SkippedTrial | null): trial is Trial =>
  trial !== null && !("skipped" in trial) && LEARNING.includes(trial.verdict);

/**
 * Errors that a trial cannot contradict. Examples that an offset makes nearly alike can be
 * memorised, one batch of them: of the 13 networks of `bench/trainability` (even seeds) with this
 * error 11 fail, 3 of which learned their batch, one is slow and one trains. Examples of a class
 * without a unit have no gradient, and a loss that compares outputs with other targets falls, too, so the others are learned despite them. Dropout takes a long
 * time to drop all classes of an example by chance. A single unit gives the same answer for every
 * example, and so do all units under binary cross-entropy with targets of 2 and more: the loss
 * falls, but the network distinguishes nothing. Outputs below 0 let a Dice loss fall without bound. Where half
 * of the targets or their size is out of reach, the other half is learned: of 13 such networks of
 * `bench/trainability` (focus `heads`, even seeds) none trains, and neither does any of 8 whose outputs
 * below 0 a cross-entropy takes for probabilities. For a sigmoid under a loss from logits, Keras
 * on TensorFlow corrects the mistake, and so does a trial; other backends apply it twice. Penalties
 * that flatten the network take longer to win than a batch to be learned.
 */
const STANDING: Readonly<Record<string, readonly string[]>> = {
  "input-normalized": ["offset"],
  "output-head": [
    "broadcast",
    "class-axis",
    "class-too-large",
    "class-negative",
    "class-fraction",
    "class-numbers",
    "dropped",
    "from-logits",
    "half-out-of-reach",
    "negative-probabilities",
    "negative-shares",
    "one-class",
    "targets-above-one",
  ],
  "regularization": ["flattening"],
};

/**
 * Factor over guessing from which on a fitted batch says nothing about the initial loss: one batch is
 * soon fitted, however far above guessing it starts, and hundreds of steps on others are not enough.
 * Of 17 networks more than 30 times above, 14 fail, two are slow and one trains; but a published
 * classifier of unscaled pixels, 60 times above, trains (`bench/faults`, 48594888). Where classes are
 * told apart, a fitted batch says something: the gradient of a cross-entropy does not grow with the
 * loss. Of five classifiers drawn too large, 3500 to 8e7 times above guessing, all train, and so
 * does `ips4` of `bench/faults`.
 */
const HOPELESS_LOSS = 1000;

/**
 * Returns true if a finding's error says that the network does not train, so that a trial may
 * contradict it.
 */
function isTried(finding: Finding): boolean {
  const { rule, kind, severity, unjudged } = finding;
  return severity === "error" && !unjudged && TRIED.has(rule) &&
    !STANDING[rule]?.includes(kind ?? "") && !isHopelessLoss(finding);
}

function isHopelessLoss({ rule, severity, figures }: Finding): boolean {
  return rule === "initial-loss" && severity === "error" && figures !== undefined &&
    figures.loss.value > HOPELESS_LOSS * figures.high.value;
}

/**
 * Returns true if small kernels let the signal die on its way forward and the gradient on its way back.
 * The batch may then be learned by heart, late, but more examples are not (`learnsLate`); of three
 * networks that only began to learn it after 120 steps or more, two are slow and one fails. Behind
 * sigmoids only the gradient dies, and a late start is one.
 */
function diesBothWays(findings: readonly Finding[]): boolean {
  const hasError = (name: string, ofKind?: string) =>
    findings.some(({ rule, kind, severity }) =>
      rule === name && severity === "error" && (ofKind ?? kind) === kind
    );
  return hasError("vanishing-gradients") && hasError("activation-scale", "too-small");
}

/**
 * Returns true if random targets are learned at a rate other than the first, and no rate is compiled: this
 * depends on the draw. Of eight draws of ten tanh layers whose kernels are 225 times too
 * small, two learn them in 40 and 43 steps at 0.01, none at another rate; trained on 512 examples, those two
 * learn at 0.01 alone and the others at no usual rate, or after more than 100 steps.
 */
function isByChance({ randomTargets, givenVerdict, attempts: [first] }: Trial): boolean {
  return randomTargets && givenVerdict === null && !LEARNING.includes(first.verdict);
}

/**
 * Returns in words why a network that learns its batch, or begins to, contradicts no error; else `null`. Of
 * two networks of `bench/trainability` with an error, whose compiled rate learns in 194 and 255 steps and
 * another rate in 73 and 80, one is slow as compiled and one fails.
 */
function whyNot(trial: Trial, findings: readonly Finding[]): string | null {
  const isLate = learnsLate(trial) && trial.givenVerdict === "fails" || givenLearnsLate(trial) ||
    (learnsLate(trial) || beginsLate(trial)) && diesBothWays(findings);
  if (isLate) return "The network learns its batch too late to say otherwise.";
  return isByChance(trial) && diesBothWays(findings)
    ? "Learning random targets at one rate alone does not say otherwise."
    : null;
}

/**
 * Returns the findings after a trial: an error says that the network does not train, so in a
 * network that learned all the same it becomes a warning, and says so, unless it learned too late, or
 * by chance. Findings of custom rules and of a baseline stay unchanged.
 */
export function weighTrial(
  findings: readonly Finding[],
  trial: Trial | SkippedTrial | null,
): Finding[] {
  if (!isLearning(trial)) return [...findings];
  const why = whyNot(trial, findings);
  if (why !== null) {
    return findings.map((finding) =>
      isTried(finding)
        ? amendFinding(finding, { message: say`${saidOf(finding, "message")} ${why}` })
        : finding
    );
  }
  // Cross-entropy has the same gradient, however large it is: only classes can be learned from afar.
  const hasClasses = trial.attempts[trial.best!].accuracy !== null;
  const isWeighed = (finding: Finding) => isTried(finding) || hasClasses && isHopelessLoss(finding);
  // Success at another rate does not speak for this one.
  const given = trial.attempts.find(({ given }) => given);
  const rateLearns = given === undefined || LEARNING.includes(given.verdict);
  const where = rateLearns ? NOTHING : say` at another rate`;
  return findings.map((finding) =>
    isWeighed(finding) && (rateLearns || finding.rule !== "learning-rate")
      ? amendFinding(finding, {
        severity: "warning",
        message: say`${saidOf(finding, "message")} Only a warning, because the network
          ${trial.verdict === "slow" ? "begins to learn" : "learns"} its batch${where}: ${
          describeTrial(trial)
        }.`,
      })
      : finding
  );
}

/**
 * When to train a network on its batch for some steps: `"auto"`, if that fits the budget;
 * `"always"`, without a limit of time, trying the fixes of warnings too; `"off"`, never; a number,
 * like `"auto"` for that many steps.
 * An error of the pass becomes a warning if the network learns.
 */
export type TrialMode = "auto" | "always" | "off" | number;

/** Options of a trial. */
export interface TrialRequest {
  /** When to train. */
  mode: TrialMode;
  /** Seed that the model was made with. */
  seed?: number | null;
  /** Seconds that it may take. Default: that of `tryTraining`. */
  budgetSeconds?: number;
  /** True to give late starters more steps; a number for that many times the steps. Default: false. */
  patient?: boolean | number;
  /** True to give the compiled rate more steps if it fails and another one learns. Default: false. */
  thorough?: boolean;
}

/**
 * Errors that a late start contradicts, by rule; `null` for all kinds. Little gradient reaches the first
 * layers, as in a LeNet-5 of sigmoids, which learns after 100 steps, or dropout leaves little of the
 * signal. Networks with other errors may learn 32 examples as late, and fail on more: even seeds 166
 * and 482 of `bench/trainability` do.
 */
const LATE_STARTS: Readonly<Record<string, readonly string[] | null>> = {
  "vanishing-gradients": null,
  "regularization": ["dropout", "stacked-dropout"],
};

/**
 * Times the steps of a late starter with any other error. Of 66 sick networks of `bench/trainability`
 * that learn at no rate, 49 fail: given 300 steps at 0.003 and 0.01, one of these learns, from far
 * above guessing. Of the eight that train, two that guess learn in 60 steps, one in 120, one in 220.
 */
const BRIEFLY = 2;

function isLateStart({ rule, kind }: Finding): boolean {
  const kinds = LATE_STARTS[rule];
  return kinds === null || kinds?.includes(kind ?? "") === true;
}

/**
 * Examples are only memorised, and late, if they differ by less than this share of their second
 * moment.
 */
const ALIKE = 0.01;

/** Measurements of one pass, and what the rules find in them. */
interface Pass {
  measurements: Measurements;
  found: readonly Finding[];
}

/** Findings of one pass after a trial. */
interface TriedFindings {
  /** Trial; `null` if there was no reason for one. */
  trial: Trial | SkippedTrial | null;
  /** Findings of the pass, weighed by the trial. */
  findings: Finding[];
  /** Finding that the network does not learn, if no rule found an error; else `null`. */
  shown: Finding | null;
}

/**
 * Tests the findings of one pass by training the network on its batch.
 *
 * @param subject The model, its batch and its objective; restored afterwards.
 * @param pass The measurements and findings.
 * @param options When to train, and the seed that the model was made with.
 */
export async function tryFindings(
  subject: FixSubject,
  { measurements, found }: Pass,
  options: TrialRequest,
): Promise<TriedFindings> {
  const { mode } = options;
  // A number of steps set by the user is not extended.
  const thorough = typeof mode !== "number";
  const patient = thorough && patienceWith({ measurements, found });
  const trial = mode === "off"
    ? null
    : await trySubject(subject, { ...options, patient, thorough });
  return { trial, ...judgeTried({ measurements, found }, trial) };
}

/**
 * Returns the number of steps after which a network may still start to learn
 * (`TrialRequest.patient`): none if its examples look alike, few if there is another error.
 */
export function patienceWith({ measurements: { batch }, found }: Pass): boolean | number {
  if (batch.perInput.some(({ spread }) => (spread ?? Infinity) < ALIKE)) return false;
  return found.some((finding) => isTried(finding) && !isLateStart(finding)) ? BRIEFLY : true;
}

/** Returns the findings of a pass, weighed by a trial, and what the trial itself finds. */
export function judgeTried(
  { measurements, found }: Pass,
  trial: Trial | SkippedTrial | null,
): Omit<TriedFindings, "trial"> {
  const findings = weighTrial(found, trial);
  const isOpen = trial !== null && !("skipped" in trial) &&
    !findings.some(({ severity }) => severity === "error");
  if (!isOpen) return { findings, shown: null };
  const shown = trialFinding(trial, measurements);
  if (shown?.severity === "error") return { findings, shown };
  const isWeak = findings.some(({ severity }) => severity === "warning");
  const said = shown ?? (isWeak ? null : notLearned(trial));
  return { findings: said === null ? findings : [...findings, said], shown: null };
}

/**
 * Returns the warning of a trial that learned at no rate, though nothing says why: it does not show that the
 * network trains, so that is not healthy. `null` if it learned, or shows nothing. A network that learns at
 * another rate than the compiled one, which only gets part of the way, is no such case: of nine among the even
 * seeds of `bench/trainability` below 700, seven train, five of them as sensible as any.
 */
function notLearned(trial: Trial): Finding | null {
  const { attempts, best, verdict, guess } = trial;
  // Without a weight to train there is no attempt, and it fails.
  if (best === null || verdict === "learns") return null;
  if (verdict === "undecided" && !isGuessing(attempts[best].loss.last, guess)) return null;
  return makeFinding("trial", {
    severity: "warning",
    kind: "not-learned",
    layer: null,
    measured: null,
    expected: "a network that learns its batch",
    message: `The trial does not show that the network learns: ${describeTrial(trial)}.`,
    fix: "Give the trial more time, which decides: --trial-budget 60, or trialBudget in a test.",
  });
}

/**
 * Trains a subject as it is; if the sum of the outputs is measured, on the loss that fits its head.
 */
export async function trySubject(
  subject: FixSubject,
  request: TrialRequest,
): Promise<Trial | SkippedTrial> {
  const { tryTraining } = await import("../../probe/try_training.ts");
  const { patient = false, thorough = false } = request;
  return await tryTraining(subject.model, subject.batch, {
    ...trialOptionsOf(subject, request),
    patient,
    thorough,
  });
}

/** Returns the options of a trial and of a search of learning rates. */
export function trialOptionsOf(
  { objective }: Pick<FixSubject, "objective">,
  { mode, seed, budgetSeconds }: TrialRequest,
): TrialOptions {
  return {
    ...seed == null ? {} : { seed },
    ...objective === undefined || objective === "sum" ? {} : { objective },
    ...typeof mode === "number" ? { steps: mode } : {},
    always: mode === "always",
    budgetSeconds,
  };
}

/**
 * Returns the finding that reports a trial if no rule found an error: the network does not learn
 * its batch.
 */
function trialFinding(trial: Trial, measurements: Measurements): Finding | null {
  const about = {
    severity: "error" as const,
    layer: null,
    measured: null,
    expected: "a network that learns its batch",
  };
  if (trial.verdict === "fails") {
    if (saysLittle(trial, measurements)) return null;
    const isMemorised = trial.reason === "by heart";
    return makeFinding("trial", {
      ...about,
      kind: trial.reason?.replaceAll(" ", "-") ?? "fails",
      message: `The network ${isMemorised ? "only memorises" : "does not learn"} its batch: ${
        describeTrial(trial)
      }.`,
      fix: isMemorised
        ? "Normalise the targets, or draw the kernels smaller, so that the loss starts near guessing."
        : "Look at the targets, the loss and the learning rate.",
    });
  }
  const given = trial.attempts.find(({ given }) => given);
  if (given === undefined || !LEARNING.includes(trial.verdict)) return null;
  const best = trial.attempts[trial.best!];
  const stuck = isStuck(given, best);
  const hopeless = isHopeless(given, trial.guess);
  if (!stuck && !hopeless && !isOutrun(given, trial)) return null;
  const { learningRate } = best;
  const optimizer = optimizerWords({ name: best.optimizer });
  return makeFinding("trial", {
    ...about,
    // A rate that is only slow gets there in more steps, as `45442843` of `bench/faults` does, repaired.
    severity: stuck || hopeless && !learnsLate(trial, AT_FAULT) ? "error" : "warning",
    kind: "learning-rate",
    message: `The network does not learn its batch with its compiled optimizer: ${
      describeTrial(trial)
    }.`,
    fix: learningRate === null
      ? `Train the network with ${optimizer}.`
      : `Train the network with ${optimizer} at a learning rate of ${formatNumber(learningRate)}.`,
  });
}

/**
 * From this fit on, a network that cannot memorise a batch has begun to learn: sensible ones with
 * dropout reach it.
 */
export const BEGINS = 0.1;

/**
 * Returns true if a failed trial proves too little about a network in which one pass finds no
 * error. Either it cannot memorise a batch, because of dropout or few weights, or some layers do
 * not move because the signal bypasses them, such as branches of a residual network that start at
 * zero.
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

/** A loss that changes by less than this share counts as unchanged; `low` applies to low rates. */
const STANDS = { usual: 1e-3, low: 2e-2 };
const DIVERGENCE_FACTOR = 1.5;

/**
 * Returns true if the given rate alone is the fault: it is higher than any in use, and the rate
 * that learns is not even higher, or the loss is not finite, diverges or does not move, or most
 * layers are still. A loss that falls slowly, as under Adam at 1e-3, has not had enough time.
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
  return unusual === "high" && !isHigher || nonFiniteStep !== null ||
    last > DIVERGENCE_FACTOR * first ||
    areStill(layers) ||
    Math.abs(last - first) < stands * Math.abs(first);
}

/** Share of its first loss above which a loss has made no progress. */
const NO_PROGRESS = 0.9;

/**
 * Returns true if a rate still fails after the many steps that it got because another rate learned: it
 * guesses, or its loss has hardly fallen. A loss that falls from above guessing may get there, but not
 * one of numbers that started far above it, and is not there yet: both such networks of
 * `bench/trainability` fail.
 */
function isHopeless(attempt: Attempt, guess: number | null): boolean {
  const { verdict, repeated, loss } = attempt;
  const isAbove = guess !== null && loss.last > guess && startsFar(attempt, guess);
  return repeated === true && verdict === "fails" &&
    (isGuessing(loss.last, guess) || loss.last > NO_PROGRESS * loss.first || isAbove);
}

/**
 * Returns true if a rate has still not learned after these many steps where another one learns soon. Of
 * the programs of `bench/faults` and the even seeds of `bench/trainability` whose loss falls all the same,
 * two train, two are slow and two fail: a warning.
 */
function isOutrun({ verdict, repeated }: Attempt, trial: Trial): boolean {
  return repeated === true && verdict !== "learns" && learnsInTime(trial);
}
