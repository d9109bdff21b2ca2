import type { FitScale } from "./fit.ts";
import type { ProbeSubject } from "./probe_options.ts";

/**
 * Verdict of a training on a batch: `learns`; `slow`: it got part of the way in the steps taken;
 * `fails`: no better than a constant answer; `undecided`: the loss has no scale, or the budget
 * ended the trial before it failed at every rate.
 */
export type TrialVerdict = "learns" | "slow" | "fails" | "undecided";

/**
 * Reason why a network does not learn, as far as training shows: all weights are `frozen`; loss or
 * weights are `not finite`; the `penalties` of the layers outweigh the loss; the network ends up
 * `guessing`, with the loss of one answer for every example; most of its layers are `still layers`,
 * which training does not reach; it learns its examples `by heart`, and is far worse than guessing on
 * others; or it makes `no progress`.
 */
export type TrialReason =
  | "frozen"
  | "not finite"
  | "penalties"
  | "guessing"
  | "still layers"
  | "by heart"
  | "no progress";

/** Effect of training on a layer. */
export interface LayerTraining {
  /** Path of the layer. */
  layer: string;
  /** Norm of the first step's change over the norm of the weights; `null` for weights of 0. */
  updateRatio: number | null;
  /** Norm of the weights at the end over that at the start; `null` if one is 0 or not finite. */
  growth: number | null;
  /** Share of its weights that have changed by the end. */
  moved: number;
  /** First step (from 0) whose gradient was not finite, or `null`. */
  nonFiniteGradient: number | null;
}

/** Training from the model's original weights by one optimizer at one rate. */
export interface Attempt {
  /** Class name of the optimizer. */
  optimizer: string;
  /** Learning rate; `null` if it has none that is known. */
  learningRate: number | null;
  /** True if optimizer and rate are those that were compiled or requested. */
  given: boolean;
  /** Number of steps taken: fewer than allowed if it has learned, or the loss is not finite. */
  steps: number;
  /** Loss without penalties, and with dropout off at the first and the last look. */
  loss: {
    /** Before the first step. */
    first: number;
    /** After the last step. */
    last: number;
    /** Smallest loss of all looks, those during training included. */
    least: number;
  };
  /** Loss before each step, and after the last. */
  losses: number[];
  /** Penalties of the layers. */
  penalty: {
    /** Before the first step. */
    first: number;
    /** Before the last step. */
    last: number;
    /**
     * Norm of their gradient over that of the loss in the first step; `null` if one is unknown or
     * 0.
     */
    gradientRatio: number | null;
    /** True if they undid the fit. */
    won?: true;
  };
  /** Share of the examples classified right after the last step; `null` if there are no classes. */
  accuracy: number | null;
  /**
   * Fit of the batch after the last step: 0 for the best constant answer, 1 for a perfect fit,
   * below 0 for worse than guessing. `null` if the loss has no scale.
   */
  fit: number | null;
  /** Name of the output with the worst fit, which counts, if there are several. */
  behind?: string;
  /**
   * Loss of examples held out over that of guessing, if it only memorised the others; it then fails.
   */
  heldOut?: number;
  /** True if the budget ended it while more steps might have helped. */
  cut?: true;
  /** True if it was repeated with more steps than the others, because another rate learned. */
  repeated?: true;
  /** Number of steps after which the loss was not finite, or `null`. */
  nonFiniteStep: number | null;
  /** Verdict on it. */
  verdict: TrialVerdict;
  /** Number of still layers, hardly any of whose weights has moved. */
  stillLayers: number;
  /** Layers with trainable weights. */
  layers: LayerTraining[];
}

/** Short training on a batch. */
export interface Trial extends ProbeSubject {
  /** Minimised objective, besides the penalties of the layers. */
  objective: { name: string };
  /** True if the targets were drawn at random because the batch has no suitable ones. */
  randomTargets: boolean;
  /** True if the loss is the same for other targets, so that no answer is guessing. */
  ignoresTargets?: boolean;
  /** Loss of the best constant answer, or `null` if unknown. */
  guess: number | null;
  /** Verdict of the best attempt. */
  verdict: TrialVerdict;
  /** Verdict at the compiled or requested rate, or `null` if there was none. */
  givenVerdict: TrialVerdict | null;
  /** Reason why it fails or is slow; `null` if it is neither, or slow without a visible reason. */
  reason: TrialReason | null;
  /** Attempts in order, up to the first that learned. */
  attempts: Attempt[];
  /** Number of rates that did not fit the budget; absent if there are none. */
  untried?: number;
  /** Number of examples trained on; absent if it was the whole batch. */
  examples?: number;
  /** Index of the best attempt; `null` if there was none, because no weight is trainable. */
  best: number | null;
}

/** Trial that was skipped or stopped. */
export interface SkippedTrial {
  /** Reason, worded to end a sentence that begins with "Trial skipped:". */
  skipped: string;
  /** Estimated duration in seconds on two cores. */
  seconds: number;
}

/**
 * A network with at least this fit has learned: it removed half of the loss that the best constant
 * answer leaves.
 */
export const LEARNS_FROM = 0.5;

/**
 * Below this fit it has failed. Of the networks with even seeds in `bench/trainability` (0 to 699)
 * whose trial ended without learning, those that train all reached 0.5; those that fail 0.24 at
 * most. The loss of some was still falling from far above that of guessing: of 9 such networks 8
 * failed and one was slow.
 */
export const FAILS_BELOW = 0.3;

/**
 * A batch is cut to fewer examples than this only if not even 10 steps on them fit. Memorising so
 * few proves nothing, and failing to do so in a few steps does neither. A given batch of fewer examples
 * counts, as the four of XOR do: a network that learns it has learned all that it was given, and one
 * that does not in 10 steps or more has failed at less than others are asked.
 */
export const TELLING_EXAMPLES = 8;

/** A layer is still if at most this share of its weights moves. */
const STILL = 0.05;

/** If more than this share of the layers are still, the others do the fitting. */
const STILL_LAYERS = 0.5;

/**
 * Penalties win in the end if their gradient is this many times that of the loss, regardless of
 * what is fitted first. Relu layers of 64 units, 400 steps: at 2.4 times they stay fitted, at 8
 * they collapse; a residual network of the benchmark trains at 7.4, and one fails at 3190.
 */
const OUTWEIGHING = 20;

/** A loss within this share of the best constant answer's is guessing. */
const NEAR_GUESS = 0.05;

/** True if a loss is about that of the best constant answer. */
export const isGuessing = (loss: number, guess: number | null): boolean =>
  guess !== null && Math.abs(loss - guess) <= NEAR_GUESS * Math.abs(guess);

/** Verdicts, from the worst to the best. */
export const TRIAL_VERDICTS: readonly TrialVerdict[] = ["fails", "undecided", "slow", "learns"];

/** Figures of an attempt that decide its verdict. */
type Outcome =
  & Pick<
    Attempt,
    "fit" | "loss" | "penalty" | "nonFiniteStep" | "layers"
  >
  & {
    /** True if the budget ended the attempt while more steps might have helped. */
    cut?: boolean;
  };

/** Returns the verdict on an attempt, on the scale that it was measured by. */
export function judgeAttempt(
  outcome: Outcome,
  { canBeFitted }: Pick<FitScale, "canBeFitted">,
): TrialVerdict {
  const verdict = judgeFit(outcome);
  const { nonFiniteStep, penalty } = outcome;
  if (nonFiniteStep !== null || isDrowned(penalty)) return "fails";
  if (areStill(outcome.layers)) return verdict === "learns" ? "slow" : "fails";
  if (verdict === "fails" && outcome.cut) return "undecided";
  return verdict === "learns" || canBeFitted ? verdict : "undecided";
}

function judgeFit({ fit, loss }: Outcome): TrialVerdict {
  if (fit === null) return loss.last < loss.first ? "undecided" : "fails";
  if (fit >= LEARNS_FROM) return "learns";
  return fit >= FAILS_BELOW ? "slow" : "fails";
}

export function countStill(layers: Attempt["layers"]): number {
  return layers.filter(({ moved }) => moved <= STILL).length;
}

/** Returns true if training hardly reaches beyond a few of the layers. */
export function areStill(layers: Attempt["layers"]): boolean {
  return countStill(layers) > STILL_LAYERS * layers.length;
}

/** True if penalties outweigh the loss, or have undone the fit. */
const isDrowned = ({ gradientRatio, won }: Attempt["penalty"]) =>
  won === true || (gradientRatio ?? 0) > OUTWEIGHING;

/** Returns the best attempt, the earlier of two equal ones. */
function bestOf(attempts: readonly Attempt[]): Attempt {
  const isBetter = (a: Attempt, b: Attempt) =>
    TRIAL_VERDICTS.indexOf(a.verdict) - TRIAL_VERDICTS.indexOf(b.verdict) ||
    (a.fit ?? -Infinity) - (b.fit ?? -Infinity) || b.loss.last - a.loss.last;
  return attempts.reduce((best, other) => isBetter(other, best) > 0 ? other : best);
}

/**
 * Returns the verdict on all attempts together; there is at least one.
 *
 * @param facts The loss of the best constant answer; how many rates were not tried, any of which may
 * have learned; how many examples the budget left of the batch; and whether it left too few steps to
 * learn in.
 */
export function judgeTrial(
  attempts: readonly Attempt[],
  { guess, untried = 0, examples = Infinity, isShort = false }:
    & Pick<Trial, "guess">
    & Partial<Pick<Trial, "untried" | "examples">>
    & { isShort?: boolean },
): Pick<Trial, "verdict" | "givenVerdict" | "reason" | "best"> {
  const best = bestOf(attempts);
  // Few examples in few steps only show a loss that does not stay finite.
  const isTelling = examples >= TELLING_EXAMPLES && (!isShort || best.verdict === "learns") ||
    attempts.every(({ nonFiniteStep }) => nonFiniteStep !== null);
  const isOpen = !isTelling || best.verdict === "fails" && untried > 0;
  return {
    verdict: isOpen ? "undecided" : best.verdict,
    givenVerdict: attempts.find(({ given }) => given)?.verdict ?? null,
    reason: isOpen ? null : reasonOf(best, guess),
    best: attempts.indexOf(best),
  };
}

/**
 * Number of steps after which a network learns late. Of eleven networks of `bench/trainability` whose
 * signal dies in both directions and that learned their batch, seven took 40 to 69 steps at some rate
 * and train; the other four took 60, 97, 110 and 218, and none trains.
 */
const SOON = 80;

/**
 * A rate that still guesses after 300 steps is at fault if another one learns within these. In six such
 * networks of `bench/trainability` and `bench/faults`, the other rate took 48, 91, 107, 118, 120 and 185
 * steps. The first two fail as compiled; of the other four, two train and two are slow.
 */
export const AT_FAULT = 100;

/** A loss that starts at more than this many times that of guessing starts far from it. */
const STARTS_FAR = 10;

/** Returns true if an attempt is at numbers, whose loss started far above guessing. */
export const startsFar = ({ loss, accuracy }: Attempt, guess: number): boolean =>
  accuracy === null && loss.first > STARTS_FAR * guess;

/** Returns true if a network learns its batch within these steps at some rate; by default, not late. */
export function learnsInTime({ verdict, attempts }: Trial, most = SOON): boolean {
  return verdict === "learns" &&
    attempts.some(({ verdict, steps }) => verdict === "learns" && steps <= most);
}

/**
 * Returns true if the compiled rate learns only late: in the longer attempt that it got because another
 * rate learned, or not even in a long one where another rate learns soon.
 */
export function givenLearnsLate({ attempts }: Pick<Trial, "attempts">): boolean {
  const isOutrun = attempts.some(({ given, verdict, steps }) =>
    !given && verdict === "learns" && steps <= SOON
  );
  return attempts.some(({ given, repeated, verdict, steps }) =>
    given && steps > SOON &&
    (verdict === "learns" && repeated === true || verdict === "slow" && isOutrun)
  );
}

/** Returns true if a network learns its batch, but late at every rate. */
export const learnsLate = (trial: Trial, most = SOON): boolean =>
  trial.verdict === "learns" && !learnsInTime(trial, most);

/** Returns true if a network only begins to learn its batch, and late at every rate. */
export const beginsLate = ({ verdict, attempts }: Trial): boolean =>
  verdict === "slow" &&
  attempts.every(({ verdict, steps }) => verdict !== "slow" || steps > SOON);

function reasonOf(attempt: Attempt, guess: number | null): TrialReason | null {
  const { loss, penalty, nonFiniteStep, verdict } = attempt;
  if (verdict !== "fails" && verdict !== "slow") return null;
  if (nonFiniteStep !== null) return "not finite";
  if (isDrowned(penalty)) return "penalties";
  if (areStill(attempt.layers)) return "still layers";
  if (verdict === "slow") return null;
  if (attempt.heldOut !== undefined) return "by heart";
  return isGuessing(loss.last, guess) ? "guessing" : "no progress";
}
