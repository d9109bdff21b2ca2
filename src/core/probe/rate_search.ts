import { unusualRate, usualRates } from "../../ground/traits/optimizers.ts";
import type { Attempt, Trial, TrialVerdict } from "./trial.ts";

/** Training at one rate of a ladder. */
export interface RateTried {
  /** Class name of the optimizer. */
  optimizer: string;
  /** Learning rate; the peak of its schedule if it has one. */
  learningRate: number;
  /** True if this is the compiled or requested rate. */
  given: boolean;
  /** Loss after the steps, without penalties and dropout; NaN if it is not finite. */
  loss: number;
  /** Verdict on these steps. */
  verdict: TrialVerdict;
  /** True if it learns, or the loss falls at least half as far as at the best rate. */
  usable: boolean;
}

/** Loss over learning rate, and the rates to use. */
export interface LearningRates
  extends Pick<Trial, "objective" | "randomTargets" | "ignoresTargets" | "guess" | "examples"> {
  /** Number of steps at each rate. */
  steps: number;
  /** Loss before the first step. */
  loss: number;
  /** Rates by optimizer, from the lowest to the highest. */
  rates: RateTried[];
  /** Range of usable rates around the suggested one; `null` if none is suggested. */
  usable: { from: number; to: number } | null;
  /** Rate to use, and its optimizer; `null` if the loss falls at none. */
  suggested: { optimizer: string; learningRate: number } | null;
}

/** A rate is usable if the loss falls by this share of the largest fall. */
const USABLE = 0.5;

/**
 * The lowest rate that reaches this share of the largest fall is suggested: higher ones fit the
 * batch sooner, but may not survive hundreds of steps. At 0.9, 5 of 14 networks of
 * `bench/trainability` (even seeds) did not train at a suggested 0.03, whereas all 88 with a lower
 * one did.
 */
const SUGGESTED = 0.8;

/**
 * If it reaches less than this, the next rate is suggested instead, unless that is the last usable one or as
 * large as usual ones get: 40 steps on one batch take more steps on many. Of 87 networks of `bench/monitor`,
 * 77 train at the lowest rate and 82 at this one; all 36 that were raised train.
 */
const COMPLETE = 0.99;

/** A loss that falls by less than this share of itself has not fallen. */
const FALLS = 0.01;

type Attempted = Pick<
  Attempt,
  "optimizer" | "learningRate" | "given" | "loss" | "nonFiniteStep" | "verdict"
>;

export function usableRates(
  attempts: readonly Attempted[],
  guess: number | null,
): Pick<LearningRates, "rates" | "usable" | "suggested"> {
  const ladders = Map.groupBy(attempts, ({ optimizer }) => optimizer);
  const found = [...ladders.values()].map((ladder) => searchLadder(ladder, guess));
  const rates = found.flatMap(({ rates }) => rates);
  const candidates = found.filter(({ suggested }) => suggested !== null);
  const chosen = candidates.find(({ suggested }) => suggested!.verdict === "learns") ??
    candidates[0];
  if (chosen === undefined) return { rates, usable: null, suggested: null };
  const { optimizer, learningRate } = chosen.suggested!;
  return { rates, usable: chosen.usable, suggested: { optimizer, learningRate } };
}

/** Usable rates of one optimizer. */
interface Searched {
  rates: RateTried[];
  usable: LearningRates["usable"];
  suggested: RateTried | null;
}

function searchLadder(ladder: readonly Attempted[], guess: number | null): Searched {
  const { first } = ladder[0].loss;
  const lossOf = ({ loss, nonFiniteStep }: Attempted) => nonFiniteStep === null ? loss.last : NaN;
  const least = ladder.map(lossOf).reduce((least, loss) => loss < least ? loss : least, first);
  const hasFallen = first - least > FALLS * Math.abs(first);
  // A loss far above guessing falls at nearly every rate: only the rest of the way tells them apart.
  const start = guess !== null && least < guess && guess < first ? guess : first;
  const reaches = (attempt: Attempted, share: number) =>
    hasFallen && start - lossOf(attempt) >= share * (start - least);
  const rates = ladder.map((attempt): RateTried => ({
    optimizer: attempt.optimizer,
    learningRate: attempt.learningRate!,
    given: attempt.given,
    loss: lossOf(attempt),
    verdict: attempt.verdict,
    usable: hasFallen && attempt.verdict === "learns" || reaches(attempt, USABLE),
  }));
  const best = rates.filter((_, i) => reaches(ladder[i], SUGGESTED));
  // A rate beyond the usual ones would itself be called too high.
  const learning = rates.findLast((rate) =>
    rate.usable && rate.verdict === "learns" && isUsual(rate)
  );
  const lowest = best.find(isUsual) ?? (best.length > 0 ? learning : undefined) ?? best[0];
  if (lowest === undefined) return { rates, usable: null, suggested: null };
  const kept = keptFromEdge(rates, rates.indexOf(lowest));
  const isComplete = (rate: RateTried) => reaches(ladder[rates.indexOf(rate)], COMPLETE);
  const suggested = isComplete(kept) ? kept : raised(rates, kept);
  const place = rates.indexOf(suggested);
  const isBad = ({ usable }: RateTried) => !usable;
  const from = rates.findLastIndex((rate, i) => i < place && isBad(rate)) + 1;
  const after = rates.findIndex((rate, i) => i > place && isBad(rate));
  const to = after === -1 ? rates.length - 1 : after - 1;
  const usable = { from: rates[from].learningRate, to: rates[to].learningRate };
  return { rates, usable, suggested };
}

/** Returns a rate, or the usable one below it if the next one above is not usable any more. */
function keptFromEdge(rates: readonly RateTried[], place: number): RateTried {
  const rate = rates[place];
  const isEdge = place + 1 < rates.length && !rates[place + 1].usable;
  const below = place > 0 ? rates[place - 1] : null;
  const isSafe = below !== null && below.usable && (isUsual(below) || !isUsual(rate));
  return isEdge && isSafe ? below : rate;
}

/** Returns the next rate above if its loss is smaller, and it is not the last usable one; else the same. */
function raised(rates: readonly RateTried[], rate: RateTried): RateTried {
  const [next, after] = rates.slice(rates.indexOf(rate) + 1);
  const most = usualRates({ name: rate.optimizer })?.most ?? Infinity;
  const isBetter = next !== undefined && next.loss <= rate.loss && next.learningRate < most;
  return isBetter && (after?.usable ?? true) ? next : rate;
}

const isUsual = ({ optimizer, learningRate }: RateTried) =>
  unusualRate({ name: optimizer }, learningRate) === null;
