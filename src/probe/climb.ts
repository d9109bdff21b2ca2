import type { AttemptOptions } from "./attempt.ts";
import { LEAST_STEPS } from "./plan_trial.ts";
import type { Rung } from "./rungs.ts";
import type { Attempt } from "./trial.ts";

/** An attempt has at most this many times the requested steps, as long as they help. */
const LONGER = 3;

/** Number of times the requested steps that a repeated attempt gets because it still guesses. */
const LATE = 7.5;

/**
 * A network guesses if its loss is at most this many times that of guessing, at the end and at the
 * start. A higher one has other troubles than a late start.
 */
const GUESSES = { last: 1.05, first: 2 };

/** Options that differ between attempts. */
export type AttemptPlan = Pick<AttemptOptions, "rung" | "steps" | "most" | "isShort">;

/** Limits of a climb. */
interface ClimbOptions {
  /** Number of steps of an attempt before checking if more would help. */
  steps: number;
  /** Number of steps of all attempts together. */
  left: number;
  /** Loss of the best constant answer; `null` if unknown. */
  guess: number | null;
  /** True to repeat, with more steps, an attempt that still guesses. */
  isPatient: boolean;
  /** True to repeat, with more steps, the given rate if it fails and another one learns. */
  isThorough?: boolean;
}

interface Climb {
  /** Attempts, one per rung that was tried. */
  attempts: Attempt[];
  /** Number of rungs left untried because the steps ran out. */
  untried: number;
}

/**
 * Makes attempts in turn until one learns. Each gets its steps as long as there are any, and more
 * only if the later attempts still get theirs.
 *
 * @param make Makes an attempt; returns `null` if the time is up.
 * @returns The attempts, or `null` if the time was up.
 */
export async function climb(
  ladder: readonly Rung[],
  { steps, left, guess, isPatient, isThorough = false }: ClimbOptions,
  make: (plan: AttemptPlan) => Promise<Attempt | null>,
): Promise<Climb | null> {
  const attempts: Attempt[] = [];
  const late = Math.ceil(LATE * steps);
  const repeat = (place: number) =>
    make({ rung: ladder[place], steps: late, most: late, isShort: false });
  for (const rung of ladder) {
    // A trial on few examples has fewer steps than that, all for the first rung.
    if (attempts.length > 0 && left < Math.min(steps, LEAST_STEPS)) break;
    const others = ladder.length - attempts.length - 1;
    const spare = Math.max(0, left - (1 + others) * steps);
    const most = Math.min(left, LONGER * steps, steps + spare);
    const made = await make({ rung, steps, most, isShort: most < LONGER * steps });
    if (made === null) return null;
    attempts.push(made);
    left -= made.steps;
    if (isLast(made)) break;
    await breathe();
  }
  const isEnded = attempts.length > 0 && isLast(attempts.at(-1)!);
  const untried = isEnded ? 0 : ladder.length - attempts.length;
  const isDue = isPatient && !isEnded && untried === 0 && left >= late;
  const place = isDue ? lateStarter(attempts, guess) : null;
  if (place !== null) {
    const made = await repeat(place);
    if (made === null) return null;
    left -= made.steps;
    // A slow attempt after this many steps proves nothing: more such networks fail than train.
    if (made.verdict === "learns") attempts[place] = made;
  }
  if (isThorough && place !== 0 && left >= late && isInDoubt(attempts)) {
    const made = await repeat(0);
    if (made === null) return null;
    attempts[0] = { ...made, repeated: true };
  }
  return { attempts, untried };
}

/**
 * Returns true if no later rate can help: the first loss is not finite, or penalties win, though a
 * low rate takes longer.
 */
function isLast({ verdict, steps, penalty }: Attempt): boolean {
  return verdict === "learns" || steps === 0 || penalty.won === true;
}

/**
 * Returns true if the given rate fails where another one learns, slowly or not, without a sign that
 * no number of steps would help: its loss is finite and has not risen.
 */
function isInDoubt([first, ...others]: readonly Attempt[]): boolean {
  return first.given && first.verdict === "fails" && first.nonFiniteStep === null &&
    first.loss.last <= first.loss.first &&
    others.some(({ verdict }) => verdict === "learns" || verdict === "slow");
}

/** Returns the index of the best attempt that still guesses if all fail; else `null`. */
function lateStarter(attempts: readonly Attempt[], guess: number | null): number | null {
  if (guess === null || attempts.some(({ verdict }) => verdict !== "fails")) return null;
  const isLate = ({ nonFiniteStep, loss, penalty, stillLayers, layers }: Attempt) =>
    nonFiniteStep === null && penalty.won !== true && stillLayers === 0 && layers.length > 0 &&
    loss.last <= GUESSES.last * guess && loss.first <= GUESSES.first * guess;
  const places = attempts.map((_, place) => place).filter((place) => isLate(attempts[place]))
    .toSorted((a, b) => (attempts[b].fit ?? -Infinity) - (attempts[a].fit ?? -Infinity));
  return places[0] ?? null;
}

/** The model is restored at this point, so other tasks, such as a listener for Ctrl-C, may run. */
const breathe = () => new Promise((resolve) => setTimeout(resolve));
