import type { TensorFlow } from "../../../engine/tensorflow.ts";
import { SOONER } from "../../probe/learns_sooner.ts";
import { type Attempt, type SkippedTrial, type Trial, TRIAL_VERDICTS } from "../../probe/trial.ts";
import type { Measurements } from "../../measure/measurements.ts";
import type { Cause } from "../diagnosis.ts";
import type { Fix } from "../fix.ts";
import { applyFix, type Fixed, type FixSubject } from "./apply_fixes.ts";
import { unseenSuspicions } from "./suspicions.ts";

/** Trains a subject as the original was trained. */
export type TryIt = (subject: FixSubject) => Promise<Trial | SkippedTrial>;

/** Fix that was added to others because the network trains better with it. */
export interface Added {
  /** Cause that it is for; `null` if it is the rate at which the fixed network learns. */
  cause: Cause | null;
  fix: Fix;
}

/** Fixes that were added to others. */
export interface Completed {
  added: Added[];
  /** Trial with all of them. */
  fixedTrial: Trial | SkippedTrial;
  /** True if the network trains with them. */
  trains: boolean;
}

/** Number of fixes that are added at most: each takes a trial. */
const MAX_ADDED = 3;

/**
 * Number of steps within which a network with enough fixes learns its batch, at the compiled rate if
 * there is one. The fixes of `bench/trainability` that are not enough let it learn in 50 to 120.
 */
const ENOUGH = 40;

/**
 * Number of steps after which learning a batch says nothing of more examples. All five fixed
 * networks of `bench/trainability` that took 85 to 103 steps train; the three that took more do
 * not.
 */
const TOO_LATE = 105;

/** Returns the attempt that decides: at the compiled rate, or else the best one. */
function deciding({ attempts, best }: Trial): Attempt | undefined {
  return attempts.find(({ given }) => given) ?? attempts[best ?? -1];
}

/** Returns true if a network learns its batch within these steps, at the compiled rate if there is one. */
function learnsWithin(trial: Trial, most: number): boolean {
  const { verdict, steps } = deciding(trial) ?? {};
  return verdict === "learns" && steps! <= most;
}

/**
 * Returns true if a fixed network learns its batch, and not so late that it says nothing: only then
 * its fixes count.
 */
export const isFixed = (trial: Trial): boolean => learnsWithin(trial, TOO_LATE);

/** Returns true if a fixed network learns its batch so soon that it also trains on more examples. */
const isEnough = (trial: Trial): boolean => learnsWithin(trial, ENOUGH);

/** Returns true if an attempt is clearly better than an earlier one: in its verdict, or sooner. */
function isSooner(now: Attempt | undefined, before: Attempt | undefined): boolean {
  if (now === undefined || before === undefined) return now !== undefined;
  const better = TRIAL_VERDICTS.indexOf(now.verdict) - TRIAL_VERDICTS.indexOf(before.verdict);
  return better > 0 ||
    better === 0 && now.verdict === "learns" && now.steps <= SOONER * before.steps;
}

/** Returns true if a trial is clearly better at the compiled rate, or if that does not learn at the best. */
function isBetter(now: Trial, before: Trial): boolean {
  if (isSooner(deciding(now), deciding(before))) return true;
  return deciding(now)?.verdict === deciding(before)?.verdict &&
    deciding(now)?.verdict !== "learns" &&
    isSooner(now.attempts[now.best ?? -1], before.attempts[before.best ?? -1]);
}

/**
 * Adds fixes to those with which a network learns its batch late, or only at another rate than the
 * compiled one: a batch is memorised sooner than more examples are learned. The fix of each cause
 * that is left stays if the network learns clearly sooner with it; the last one is the rate at which
 * it learns.
 *
 * @param subject The subject with all fixes so far; restored afterwards.
 * @param fixed The trial with these fixes, the causes that are left, the likeliest first, all causes
 * that are known, and the original with its trial.
 */
export async function completeFixes(
  tf: TensorFlow,
  subject: FixSubject,
  { fixedTrial, causes, known, measurements, trial: original }: {
    fixedTrial: Trial | SkippedTrial;
    causes: readonly Cause[];
    known: readonly Cause[];
    measurements: Measurements;
    trial: Trial;
  },
  tryIt: TryIt,
): Promise<Completed> {
  if ("skipped" in fixedTrial) return { added: [], fixedTrial, trains: false };
  if (isEnough(fixedTrial)) return { added: [], fixedTrial, trains: true };
  const done: Fixed[] = [];
  const added: Added[] = [];
  let now = subject;
  let trial = fixedTrial;
  /** Tries one more fix, and keeps it if the network learns clearly sooner. */
  const tryOne = async (cause: Cause | null, fix: Fix) => {
    const fixed = applyFix(tf, now, fix);
    if (fixed === null) return;
    done.push(fixed);
    const made = await tryIt(fixed.subject);
    if ("skipped" in made || !isBetter(made, trial)) {
      done.pop()!.undo();
      return;
    }
    now = fixed.subject;
    trial = made;
    added.push({ cause, fix });
  };
  try {
    // A cause that no pass shows is reported only if the network does not train with it.
    const unseen = isFixed(trial) ? [] : unseenCauses(measurements, original, known);
    for (const { cause, fix } of [...causes, ...unseen].flatMap(withFix).slice(0, MAX_ADDED)) {
      if (isEnough(trial)) break;
      await tryOne(cause, fix);
    }
    const rate = rateOf(trial);
    if (rate !== null) await tryOne(null, rate);
  } finally {
    for (const fixed of done.reverse()) fixed.undo();
  }
  return { added, fixedTrial: trial, trains: isFixed(trial) };
}

function withFix(cause: Cause): { cause: Cause; fix: Fix }[] {
  const fix = cause.fixes.find(({ kind }) => kind !== "rebuild");
  return fix === undefined ? [] : [{ cause, fix }];
}

/** Returns the rate at which a network learns if its compiled optimizer does not at its own; else `null`. */
function rateOf({ attempts }: Trial): Fix | null {
  const given = attempts.find(({ given }) => given);
  if (given?.learningRate == null || given.verdict === "learns") return null;
  const other = attempts.find(({ verdict, optimizer, learningRate }) =>
    verdict === "learns" && optimizer === given.optimizer && learningRate !== null
  );
  return other === undefined
    ? null
    : { kind: "learning-rate", from: given.learningRate, to: other.learningRate! };
}

/** Returns the causes that no pass shows, of other kinds than those that are known. */
function unseenCauses(
  measurements: Measurements,
  trial: Trial,
  known: readonly Cause[],
): Cause[] {
  return unseenSuspicions(measurements, trial)
    .filter(({ kind }) => !known.some((cause) => cause.kind === kind))
    .map(({ kind, layers, message, fix }) => ({
      kind,
      severity: "warning",
      layers,
      message,
      consequences: [],
      findings: [],
      fixes: [fix],
    }));
}
