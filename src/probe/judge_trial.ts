import type { FitScale } from "./fit.ts";
import type { Attempt, Trial, TrialReason, TrialVerdict } from "./trial.ts";

/** A network has learned from this fit on: half of what the best constant answer leaves open. */
export const LEARNS_FROM = 0.5;

/**
 * Below this fit it has failed. Of the networks with even seeds in `bench/trainability` (0 to 699)
 * whose trial ended without learning, those that train all reached 0.5; those that fail 0.24 at
 * most. The loss of some was still falling from far above that of guessing: of 9 such networks 8
 * failed and one was slow.
 */
export const FAILS_BELOW = 0.3;

/** A layer is still if at most this share of its weights moves. */
const STILL = 0.05;

/** If more than this share of the layers are still, the others do the fitting. */
const STILL_LAYERS = 0.5;

/**
 * Penalties win in the end if their gradient is this many times that of the loss, whatever is
 * fitted on the way. Relu layers of 64 units, 400 steps: at 2.4 times they stay fitted, at 8 they
 * collapse; a residual network of the benchmark trains at 7.4, and one fails at 3190.
 */
const DROWNING = 20;

/** A loss within this share of the best constant answer's is guessing. */
const NEAR_GUESS = 0.05;

/** From the worst to the best. */
const ORDER: readonly TrialVerdict[] = ["fails", "undecided", "slow", "learns"];

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

/** Returns the number of still layers. */
export function countStill(layers: Attempt["layers"]): number {
  return layers.filter(({ moved }) => moved <= STILL).length;
}

/** Returns true if training hardly reaches beyond a few of the layers. */
export function areStill(layers: Attempt["layers"]): boolean {
  return countStill(layers) > STILL_LAYERS * layers.length;
}

/** True if penalties drown the loss, or have undone the fit. */
const isDrowned = ({ gradientRatio, won }: Attempt["penalty"]) =>
  won === true || (gradientRatio ?? 0) > DROWNING;

/** Returns the best attempt, the earlier of two equal ones. */
function bestOf(attempts: readonly Attempt[]): Attempt {
  const isBetter = (a: Attempt, b: Attempt) =>
    ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) ||
    (a.fit ?? -Infinity) - (b.fit ?? -Infinity) || b.loss.last - a.loss.last;
  return attempts.reduce((best, other) => isBetter(other, best) > 0 ? other : best);
}

/**
 * Returns the verdict on all attempts together; there is at least one.
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
