import type { FitScale } from "./fit.ts";
import type { Attempt, Trial, TrialReason, TrialVerdict } from "./trial.ts";

/** From this fit on a network has learned: half of what the best constant answer leaves open. */
export const LEARNS_FROM = 0.5;

/**
 * Below this fit it has failed. Of the networks with even seeds in `bench/trainability` (0 to 699) whose trial
 * ended without learning, those that train all came to 0.5; those that fail to 0.24 at most. The loss of some
 * was still falling from far above that of guessing: of 9 such networks 8 failed and one was slow.
 */
export const FAILS_BELOW = 0.3;

/** A layer of whose weights no more than this share moves stands still. */
const STILL = 0.05;

/** Where more than this share of the layers stand still, whatever is fitted is fitted by the rest. */
const STILL_LAYERS = 0.5;

/**
 * Where the gradient of the penalties is so many times that of the loss, it wins in the end, whatever is
 * fitted on the way. Relu layers of 64 units, 400 steps: at 2.4 times they stay fitted, at 8 they collapse; a
 * residual network of the benchmark trains at 7.4, and one fails at 3190.
 */
const DROWNING = 20;

/** A loss within this share of that of the best constant answer is guessing. */
const NEAR_GUESS = 0.05;

/** From the worst to the best. */
const ORDER: readonly TrialVerdict[] = ["fails", "undecided", "slow", "learns"];

/** What is judged of an attempt. */
type Outcome =
  & Pick<
    Attempt,
    "fit" | "loss" | "penalty" | "nonFiniteStep" | "layers"
  >
  & {
    /** Whether the budget ended the attempt while more steps might have helped. */
    cut?: boolean;
  };

/** What an attempt shows, on the scale that it was measured by. */
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

/** How many layers stand still. */
export function countStill(layers: Attempt["layers"]): number {
  return layers.filter(({ moved }) => moved <= STILL).length;
}

/** Whether training hardly reaches beyond a few of the layers. */
export function areStill(layers: Attempt["layers"]): boolean {
  return countStill(layers) > STILL_LAYERS * layers.length;
}

/** Whether penalties drown the loss, or have undone what was fitted. */
const isDrowned = ({ gradientRatio, won }: Attempt["penalty"]) =>
  won === true || (gradientRatio ?? 0) > DROWNING;

/** The attempt that came furthest, the earlier one of two alike. */
function bestOf(attempts: readonly Attempt[]): Attempt {
  const isBetter = (a: Attempt, b: Attempt) =>
    ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) ||
    (a.fit ?? -Infinity) - (b.fit ?? -Infinity) || b.loss.last - a.loss.last;
  return attempts.reduce((best, other) => isBetter(other, best) > 0 ? other : best);
}

/**
 * What all attempts show together; there is at least one.
 *
 * @param untried Number of rates that were not tried: any may have learned.
 */
export function judgeTrial(
  attempts: readonly Attempt[],
  guess: number | null,
  untried = 0,
): Pick<Trial, "verdict" | "givenVerdict" | "reason" | "best"> {
  const best = bestOf(attempts);
  const isOpen = untried > 0 && best.verdict === "fails";
  return {
    verdict: isOpen ? "undecided" : best.verdict,
    givenVerdict: attempts.find(({ given }) => given)?.verdict ?? null,
    reason: isOpen ? null : reasonOf(best, guess),
    best: attempts.indexOf(best),
  };
}

function reasonOf(
  attempt: Attempt,
  guess: number | null,
): TrialReason | null {
  const { loss, penalty, nonFiniteStep, verdict } = attempt;
  if (verdict !== "fails" && verdict !== "slow") return null;
  if (nonFiniteStep !== null) return "not finite";
  if (isDrowned(penalty)) return "penalties";
  if (areStill(attempt.layers)) return "still layers";
  if (verdict === "slow") return null;
  const isGuess = guess !== null && Math.abs(loss.last - guess) <= NEAR_GUESS * Math.abs(guess);
  return isGuess ? "guessing" : "no progress";
}
