import type { AttemptOptions } from "./attempt.ts";
import { LEAST_STEPS } from "./plan_trial.ts";
import type { Rung } from "./rungs.ts";
import type { Attempt } from "./trial.ts";

/** An attempt has at most so many times the steps that are asked for, as long as they help. */
const LONGER = 3;

/** So many times the steps that are asked for an attempt has that is made again, because it still guesses. */
const LATE = 7.5;

/**
 * A loss of at most so many times that of guessing, at the end and at the start, is one of a network that guesses. A
 * higher one has other troubles than a late start.
 */
const GUESSES = { last: 1.05, first: 2 };

/** The part of the options of an attempt that differs from one to the next. */
export type AttemptPlan = Pick<AttemptOptions, "rung" | "steps" | "most" | "isShort">;

/** How long to climb. */
interface ClimbOptions {
  /** Steps of an attempt, before it is asked whether more would help. */
  steps: number;
  /** Steps of all attempts together. */
  left: number;
  /** The loss of the best constant answer; `null` if it is not known. */
  guess: number | null;
  /** Whether an attempt that still guesses is made again with more steps. */
  isPatient: boolean;
}

/** What a climb comes to. */
export interface Climb {
  /** The attempts, one for each rung that was tried. */
  attempts: Attempt[];
  /** Number of rungs that there were no steps left for. */
  untried: number;
}

/**
 * Makes one attempt after the other, up to the first that learns. Each has its steps as long as there are any; more
 * than these only if those of the attempts to come are left.
 *
 * @param make Makes an attempt; `null` if the time is up.
 * @returns What was tried, or `null` if the time was up.
 */
export async function climb(
  ladder: readonly Rung[],
  { steps, left, guess, isPatient }: ClimbOptions,
  make: (plan: AttemptPlan) => Promise<Attempt | null>,
): Promise<Climb | null> {
  const attempts: Attempt[] = [];
  for (const rung of ladder) {
    if (left < Math.min(steps, LEAST_STEPS)) break;
    const others = ladder.length - attempts.length - 1;
    const spare = Math.max(0, left - (1 + others) * steps);
    const most = Math.min(left, LONGER * steps, steps + spare);
    const made = await make({ rung, steps, most, isShort: most < LONGER * steps });
    if (made === null) return null;
    attempts.push(made);
    left -= made.steps;
    if (isLast(made)) return { attempts, untried: 0 };
    await breathe();
  }
  const untried = ladder.length - attempts.length;
  const late = Math.ceil(LATE * steps);
  const isDue = isPatient && untried === 0 && left >= late;
  const place = isDue ? lateStarter(attempts, guess) : null;
  if (place !== null) {
    const made = await make({ rung: ladder[place], steps: late, most: late, isShort: false });
    if (made === null) return null;
    // Some of the way in so many steps proves nothing: of such networks more fail than train.
    if (made.verdict === "learns") attempts[place] = made;
  }
  return { attempts, untried };
}

/** If the first loss is not finite, no rate will fix it; nor if penalties win, though a low one takes longer. */
function isLast({ verdict, steps, penalty }: Attempt): boolean {
  return verdict === "learns" || steps === 0 || penalty.won === true;
}

/** The place of the attempt that came furthest of those that still guess, if all fail; else `null`. */
function lateStarter(attempts: readonly Attempt[], guess: number | null): number | null {
  if (guess === null || attempts.some(({ verdict }) => verdict !== "fails")) return null;
  const isLate = ({ nonFiniteStep, loss, penalty, stillLayers, layers }: Attempt) =>
    nonFiniteStep === null && penalty.won !== true && stillLayers === 0 && layers.length > 0 &&
    loss.last <= GUESSES.last * guess && loss.first <= GUESSES.first * guess;
  const places = attempts.map((_, place) => place).filter((place) => isLate(attempts[place]))
    .toSorted((a, b) => (attempts[b].fit ?? -Infinity) - (attempts[a].fit ?? -Infinity));
  return places[0] ?? null;
}

/** Everything is as it was here: whoever waits, a listener for Ctrl-C among them, may go on. */
const breathe = () => new Promise((resolve) => setTimeout(resolve));
