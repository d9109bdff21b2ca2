import type { TensorFlow } from "../../../engine/tensorflow.ts";
import type { Measurements } from "../../measure/measurements.ts";
import { learnsInTime, type SkippedTrial, type Trial } from "../../probe/trial.ts";
import { networkOf } from "../../rules/network/network.ts";
import { optimizerWords } from "../../../ground/traits/optimizers.ts";
import { formatNumber } from "../../../ground/words/numbers.ts";
import { type Cause, causeName, type Tried, verdictOn } from "../diagnosis.ts";
import type { Fix } from "../fix.ts";
import { formatLayers } from "../fix_words.ts";
import { applyFix, type Fixed, type FixSubject } from "./apply_fixes.ts";
import { type Added, completeFixes, isFixed, type TryIt } from "./complete_fixes.ts";
import { trainingRate } from "./search_rates.ts";
import { isStanding } from "./standing_warnings.ts";
import { type Failed, type Suspicion, suspicionsOf, withSettings } from "./suspicions.ts";
import { BEGINS, LEARNING } from "./try_findings.ts";

/** Causes that only training shows, and the trial without them. */
interface Found {
  causes: Cause[];
  fixedTrial: Trial | SkippedTrial | null;
  /** Fixes that helped, in the order of application. */
  fixes: Fix[];
}

/** Effects of a fix, the best first: the network trains as compiled, learns, or begins to. */
const EFFECTS = ["trains", "learns", "begins"] as const;

/** Fix that helped alone. */
interface Helped {
  suspicion: Suspicion;
  fixedTrial: Trial;
  effect: typeof EFFECTS[number];
}

/**
 * Finds out why a network does not learn although one pass shows no fault: removes, in turn, the
 * obstacles that only training meets (dropout, penalties, targets and inputs out of scale), trains
 * again, and names the one whose removal let it learn. If another rate lets it learn, the rate is
 * the cause, after any error of the pass whose fix lets it learn at the compiled rate; if it learns
 * late at the other rate, after any fix that does so.
 *
 * Then the fixes of warnings that a memorised batch says nothing about are tried too, or of all
 * warnings if none alone is enough.
 *
 * @param subject The model, its batch and its objective; restored afterwards.
 * @param failed The trial that failed, and the results of the pass.
 * @returns The causes; without a fix if no removal helped.
 */
export async function trainingCause(
  tf: TensorFlow,
  subject: FixSubject,
  failed: Failed,
  tryIt: TryIt,
): Promise<Found> {
  const { helped, inVain } = await tryAlone(tf, subject, failed, tryIt);
  const found = await combine(tf, subject, { failed, helped }, tryIt);
  if (found.causes.length === 0) return { ...found, causes: [likeliest(failed, inVain)] };
  // A setting of the optimizer is not a fix that others could be added to.
  return helped?.suspicion.without !== undefined
    ? found
    : await complete(tf, subject, { failed, found, suspicion: helped?.suspicion }, tryIt);
}

/** Combines the fix that helped most alone with the rate and with the fixes of other causes. */
async function combine(
  tf: TensorFlow,
  subject: FixSubject,
  { failed, helped }: { failed: Failed; helped: Helped | null },
  tryIt: TryIt,
): Promise<Found> {
  const { known, finding, trial, measurements } = failed;
  const isRate = finding.kind === "learning-rate";
  const first = helped === null ? [] : [fixedCause(failed, helped)];
  // If the rate learns without other settings of the optimizer, it is not at fault.
  const isOwn = helped?.suspicion.without !== undefined;
  const causes = isRate && !isOwn ? [...first, rateCause(failed)] : first;
  const fixes = causes[0]?.fixes ?? [];
  const trains = helped === null ? isRate && learnsInTime(trial) : helped.effect === "trains";
  const others = known.filter((cause) =>
    cause !== helped?.suspicion.known && cause.kind !== causes[0]?.kind &&
    (!trains || cause.findings.every((finding) => isStanding(finding, measurements)))
  );
  const together = await tryTogether(tf, subject, { fixes, others }, tryIt);
  if (together !== null) {
    const [cause, ...rest] = [
      ...causes,
      ...neededTogether(together.causes, { known, trains: true }),
    ];
    return { ...together, causes: [causes.length > 0 ? cause : promoted(cause, failed), ...rest] };
  }
  return { causes, fixedTrial: helped?.fixedTrial ?? (isRate ? trial : null), fixes };
}

/** Highest usual rate of dropout. */
const USUAL_DROPOUT = 0.5;

/** Returns true if what helped was to remove dropout of a usual rate, of which the pass did not warn. */
function isUsualDropout(suspicion: Suspicion | undefined, { layers }: Measurements): boolean {
  return suspicion?.kind === "dropout" && suspicion.known === undefined &&
    layers.every(({ dropout }) => (dropout ?? 0) <= USUAL_DROPOUT);
}

/**
 * Adds fixes if those that were found are not enough. A cause that the pass warned of comes before a
 * usual rate of dropout that is in the way as well.
 */
async function complete(
  tf: TensorFlow,
  subject: FixSubject,
  { failed, found, suspicion }: { failed: Failed; found: Found; suspicion?: Suspicion },
  tryIt: TryIt,
): Promise<Found> {
  const { known, measurements, trial } = failed;
  const { fixes, fixedTrial } = found;
  // The rate that the trial itself has found was not tried with any fix.
  if (fixedTrial === null || fixedTrial === trial) return found;
  const fixed = applyInTurn(tf, subject, fixes);
  if (fixed === null) return found;
  const isApplied = ({ fixes: own }: Cause) => own.every((fix) => fixes.includes(fix));
  const causes = found.causes.filter(isApplied);
  const others = found.causes.filter((cause) => !isApplied(cause));
  try {
    const open = known.filter(({ kind }) => !causes.some((cause) => cause.kind === kind));
    const all = [...found.causes, ...known];
    const about = { fixedTrial, causes: open, known: all, measurements, trial };
    const completed = await completeFixes(tf, fixed.subject, about, tryIt);
    const { added, trains } = completed;
    if (added.length === 0) return found;
    const needed = withAdded(causes, { added, known });
    const seen = needed.find((cause) => open.some((one) => isSame(one, cause)));
    const inOrder = seen === undefined || !isUsualDropout(suspicion, measurements)
      ? needed
      : [promoted(seen, failed), ...needed.filter((cause) => cause !== seen)];
    return {
      causes: [...neededTogether(inOrder, { known, trains }), ...others],
      fixes: [...fixes, ...added.map(({ fix }) => fix)],
      fixedTrial: completed.fixedTrial,
    };
  } finally {
    fixed.undo();
  }
}

const isSame = (one: Cause, other: Cause) => causeName(one) === causeName(other);

/** Adds fixes to causes: to those of the pass that they are for, or else to the last one. */
function withAdded(
  causes: readonly Cause[],
  { added, known }: { added: readonly Added[]; known: readonly Cause[] },
): Cause[] {
  const all = [...causes];
  for (const { cause, fix } of added) {
    const last = all.at(-1)!;
    if (cause !== null && known.includes(cause)) all.push({ ...cause, fixes: [fix] });
    else all[all.length - 1] = { ...last, fixes: [...last.fixes, fix] };
  }
  return all;
}

/** Says of causes that the fixes of all are needed: the network trains with the last, if it does. */
function neededTogether(
  causes: readonly Cause[],
  { known, trains }: { known: readonly Cause[]; trains: boolean },
): Cause[] {
  const others = known.filter((one) => !causes.some((cause) => isSame(one, cause)));
  return causes.map((cause, i) => ({
    ...cause,
    tried: gone(others, { trains: trains && i === causes.length - 1 }),
  }));
}

/** Tries each fix alone, up to one with which the network trains. */
async function tryAlone(
  tf: TensorFlow,
  subject: FixSubject,
  failed: Failed,
  tryIt: TryIt,
): Promise<{ helped: Helped | null; inVain: Set<Cause> }> {
  let helped: Helped | null = null;
  const inVain = new Set<Cause>();
  for (const suspicion of suspicionsOf(failed)) {
    const fixed = suspicion.without === undefined
      ? applyFix(tf, subject, suspicion.fix)
      : withSettings(subject, suspicion.without);
    if (fixed === null) continue;
    try {
      const fixedTrial = await tryIt(fixed.subject);
      if ("skipped" in fixedTrial) continue;
      const effect = effectOf(fixedTrial, failed);
      if (effect === null) {
        if (suspicion.known !== undefined) inVain.add(suspicion.known);
        continue;
      }
      if (helped === null || EFFECTS.indexOf(effect) < EFFECTS.indexOf(helped.effect)) {
        helped = { suspicion, fixedTrial, effect };
      }
      if (effect === "trains") break;
    } finally {
      fixed.undo();
    }
  }
  return { helped, inVain };
}

/** Returns the effect of a fix; `null` if it did not help. */
function effectOf(fixedTrial: Trial, { finding, trial }: Failed): Helped["effect"] | null {
  // Success at another rate is known already.
  const isRate = finding.kind === "learning-rate";
  const verdict = isRate ? fixedTrial.givenVerdict : fixedTrial.verdict;
  if (verdict !== null && LEARNING.includes(verdict)) {
    return isFixed(fixedTrial) ? "trains" : "learns";
  }
  return !isRate && begins(fixedTrial) && !begins(trial) ? "begins" : null;
}

/** Returns true if the best attempt is clearly better than guessing. */
function begins({ attempts, best }: Trial): boolean {
  return best !== null && (attempts[best].fit ?? -Infinity) >= BEGINS;
}

/**
 * Tries the first fix of each cause on top of others, all at once.
 *
 * @returns `null` if there is none to try, or if the network does not train with all of them.
 */
async function tryTogether(
  tf: TensorFlow,
  subject: FixSubject,
  { fixes: before, others }: { fixes: readonly Fix[]; others: readonly Cause[] },
  tryIt: TryIt,
): Promise<Found | null> {
  const causes = others.flatMap((cause): Cause[] => {
    const fix = cause.fixes.find(({ kind }) => kind !== "rebuild");
    return fix === undefined ? [] : [{ ...cause, fixes: [fix] }];
  });
  const fixes = [...before, ...causes.flatMap(({ fixes }) => fixes)];
  // One alone was tried before.
  if (causes.length === 0 || fixes.length === 1) return null;
  const fixed = applyInTurn(tf, subject, fixes);
  if (fixed === null) return null;
  try {
    const fixedTrial = await tryIt(fixed.subject);
    if ("skipped" in fixedTrial || !isFixed(fixedTrial)) return null;
    return { causes, fixedTrial, fixes };
  } finally {
    fixed.undo();
  }
}

/** Returns a cause of the pass as the reason why the trial fails. */
function promoted(cause: Cause, { finding }: Failed): Cause {
  return {
    ...cause,
    severity: finding.severity,
    findings: [finding, ...cause.findings],
  };
}

/** Returns the cause whose fix helped. */
function fixedCause(failed: Failed, { suspicion, effect }: Helped): Cause {
  const { finding, known } = failed;
  const { kind, layers, message, fix, known: suspect } = suspicion;
  const cause = suspect === undefined
    ? { severity: finding.severity, consequences: [], findings: [finding], kind, layers, message }
    : promoted(suspect, failed);
  const others = known.filter((other) => other !== suspect);
  return { ...cause, fixes: [fix], tried: gone(others, { trains: effect === "trains" }) };
}

/** Returns the compiled rate as the cause: another one lets the network learn. */
function rateCause({ finding, trial, rates, known }: Failed): Cause {
  const rate = learningRate(trial, trainingRate(rates));
  const others = known.filter(({ kind }) => kind !== rate.kind);
  return {
    severity: finding.severity,
    consequences: [],
    findings: [finding],
    ...rate,
    tried: gone(others, { trains: learnsInTime(trial) }),
  };
}

/**
 * Returns the likeliest cause if no fix helped: one that the pass warned of, even if its fix needs
 * another model, unless its fix was tried in vain.
 */
function likeliest(failed: Failed, inVain: ReadonlySet<Cause>): Cause {
  const { finding, known, measurements } = failed;
  const suspect = known.find((cause) => !inVain.has(cause));
  if (suspect !== undefined) return promoted(suspect, failed);
  const fixes: Fix[] = [{ kind: "rebuild", what: finding.fix }];
  const plain = { kind: "trial", layers: [], message: finding.message, fixes };
  return {
    severity: finding.severity,
    consequences: [],
    findings: [finding],
    ...bottleneck(measurements) ?? plain,
  };
}

/** Returns the result of a fix with which the network learned, or at least began to. */
function gone(others: readonly Cause[], { trains }: { trains: boolean }): Tried {
  const left = trains ? 0 : 1;
  return { worked: true, errors: 1, left, verdict: verdictOn(others), figure: null };
}

/**
 * Returns the cause if the trial learned at another rate than the given one.
 *
 * @param suggested Rate of the same optimizer that a search suggests; `null` if there is none.
 */
function learningRate(
  { attempts, best }: Trial,
  suggested: number | null,
): Omit<Cause, "severity" | "consequences" | "findings" | "tried"> {
  const { learningRate: from, optimizer: given } = attempts.find(({ given }) => given)!;
  const { learningRate: to, optimizer } = suggested === null
    ? attempts[best!]
    : { learningRate: suggested, optimizer: given };
  // A rate fixes only the optimizer that it was tried with.
  const known = from !== null && to !== null && optimizer === given;
  const words = (name: string) => optimizerWords({ name });
  const at = (rate: number | null) => rate === null ? "" : ` at a rate of ${formatNumber(rate)}`;
  return {
    kind: "learning-rate",
    layers: [],
    message: known
      ? `The network does not learn at a rate of ${formatNumber(from)}; it does at ${
        formatNumber(to)
      }.`
      : `The network does not learn by ${words(given)}${at(from)}; it does by ${words(optimizer)}${
        at(to)
      }.`,
    fixes: [
      known
        ? { kind: "learning-rate", from, to }
        : { kind: "rebuild", what: `Train the network with ${words(optimizer)}${at(to)}.` },
    ],
  };
}

/** Units from which on a layer lets enough through. */
const ROOMY = 4;

/** Returns a hidden layer of so few units that little of an example gets through. */
function bottleneck(
  measurements: Measurements,
): Pick<Cause, "kind" | "layers" | "message" | "fixes"> | null {
  const { chain } = networkOf(measurements);
  const hidden = chain.filter(({ layer, added }) => layer.role === "hidden" && !added);
  const narrow = hidden.filter(({ units, fanIn }) => units < ROOMY && fanIn >= ROOMY * units);
  if (narrow.length === 0) return null;
  const layers = narrow.map(({ layer }) => layer.name);
  const [{ units }] = narrow.toSorted((a, b) => a.units - b.units);
  return {
    kind: "bottleneck",
    layers,
    message: `All that the network knows of an example must pass through ${
      formatLayers(layers, measurements.layers)
    }, of ${units} ${units === 1 ? "unit" : "units"}.`,
    fixes: [{
      kind: "rebuild",
      what: `Widen ${formatLayers(layers, measurements.layers)}, or lead a connection around ${
        layers.length === 1 ? "it" : "them"
      }.`,
    }],
  };
}

/**
 * Applies fixes in turn, each to the result of those before it.
 *
 * @returns The subject with all fixes, to be undone together; `null`, with nothing changed, if one of
 * them asks for another model.
 */
export function applyInTurn(
  tf: TensorFlow,
  subject: FixSubject,
  fixes: readonly Fix[],
): Fixed | null {
  const done: Fixed[] = [];
  const undo = () => {
    for (const fixed of done.reverse()) fixed.undo();
  };
  let now = subject;
  try {
    for (const fix of fixes) {
      const fixed = applyFix(tf, now, fix);
      if (fixed === null) {
        undo();
        return null;
      }
      done.push(fixed);
      now = fixed.subject;
    }
  } catch (error) {
    undo();
    throw error;
  }
  return { subject: now, undo };
}
