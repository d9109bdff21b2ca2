import type { TensorFlow } from "../../../engine/tensorflow.ts";
import type { Measurements } from "../../measure/measurements.ts";
import type { Finding } from "../../rules/finding.ts";
import { allRules } from "../../rules/register_rule.ts";
import {
  type Cause,
  causeName,
  type Diagnosis,
  type Tried,
  type TriedFigure,
  verdictOn,
} from "../diagnosis.ts";
import type { Fix } from "../fix.ts";
import { applyFix, type Fixed, type FixSubject } from "./apply_fixes.ts";
import type { Completed } from "./complete_fixes.ts";
import { isStanding } from "./standing_warnings.ts";

/** Fix that was tried on the model and worked: its cause is gone. */
interface TriedFix {
  cause: Cause;
  fix: Fix;
  /** Diagnosis and measurements with this fix and those before it. */
  diagnosis: Diagnosis;
  measurements: Measurements;
}

/** Result of trying fixes. */
export interface Treatment {
  /** Diagnosis in which each treated cause has the fixes that worked and their results. */
  diagnosis: Diagnosis;
  /** Diagnosis with all of these fixes applied. */
  after: Diagnosis;
  /** Fixes of errors and of standing warnings that worked, in the order of application. */
  fixes: Fix[];
  /** Fixes that were added to these, the last ones of them; `null` if nothing was trained. */
  completed: Completed | null;
}

/** Functions that examine a fixed subject. */
export interface Examiner {
  /**
   * True to try the fixes of all warnings, once those of the errors are applied; else only those of
   * the standing ones are tried, without which a network that learns its batch may not train.
   * Default: false.
   */
  warnings?: boolean;
  /** Measures and judges it as the original. */
  examine(subject: FixSubject): Promise<Examined>;
  /** Receives the subject with all fixes that worked, if any did, and adds those that it still needs. */
  complete?(subject: FixSubject, diagnosis: Diagnosis): Promise<Completed | null>;
}

/** Measurements and diagnosis. */
interface Examined {
  measurements: Measurements;
  diagnosis: Diagnosis;
}

/** Rounds of fixes: a cause may hide another, rarely a third. */
const MAX_STACKED_FIXES = 4;

/**
 * Tries the fixes of a diagnosis on the model itself, one cause after the other, each on top of the
 * fixes that worked, then restores everything. Kernels that suit inputs out of scale are wrong for
 * the inputs that training will see, so inputs are normalised first if all fixes together then work
 * as well.
 *
 * @param subject The model that was measured, its batch and its objective.
 * @param before The measurements and the diagnosis.
 * @param examiner Measures and judges a fixed subject.
 */
export async function tryFixes(
  tf: TensorFlow,
  subject: FixSubject,
  before: Examined,
  examiner: Examiner,
): Promise<Treatment> {
  const unscaled = before.diagnosis.causes.find(({ fixes: [fix] }) =>
    fix?.kind === "normalize-input"
  );
  if (unscaled !== undefined && before.diagnosis.verdict === "sick") {
    const treated = await tryInTurn(tf, subject, { before, first: unscaled }, examiner);
    if (treated !== null) return treated;
  }
  return (await tryInTurn(tf, subject, { before, first: null }, examiner))!;
}

/**
 * Tries the fixes in turn.
 *
 * @param first Cause whose first fix comes before all others and stays even if nothing is better by
 * itself.
 * @returns The treatment; `null` if the first cause is still there.
 */
async function tryInTurn(
  tf: TensorFlow,
  subject: FixSubject,
  { before, first }: { before: Examined; first: Cause | null },
  { examine, complete, warnings = false }: Examiner,
): Promise<Treatment | null> {
  const applied: Fixed[] = [];
  const fixes: TriedFix[] = [];
  let completed: Completed | null = null;
  const failed = new Set<string>();
  const isDue = (cause: Cause) =>
    !failed.has(causeName(cause)) &&
    (cause.severity === "error" || isAsked(cause, { before, now, warnings }));
  let now = { subject, ...before };
  /** Tries a fix on the current subject, and keeps it if it worked. */
  const tryOne = async (cause: Cause, fix: Fix): Promise<boolean> => {
    const fixed = applyFix(tf, now.subject, fix);
    if (fixed === null) return false;
    applied.push(fixed);
    const { measurements, diagnosis } = await examine(fixed.subject);
    // Without a head that hides the rest, a trial weighs the warnings that appear.
    const isKept = cause === first || isBetter(diagnosis, now.diagnosis) ||
      stands(cause, before) && errorsOf(diagnosis) <= errorsOf(now.diagnosis);
    if (!isGone(cause, diagnosis) || !isKept) {
      applied.pop()!.undo();
      return false;
    }
    now = { subject: fixed.subject, measurements, diagnosis };
    fixes.push({ cause, fix, diagnosis, measurements });
    return true;
  };
  try {
    if (first !== null && !await tryOne(first, first.fixes[0])) return null;
    while (fixes.length < MAX_STACKED_FIXES) {
      const cause = now.diagnosis.causes.find(isDue);
      if (cause === undefined) break;
      let worked = false;
      for (const fix of cause.fixes) {
        worked = await tryOne(cause, fix);
        if (worked) break;
      }
      if (!worked) failed.add(causeName(cause));
    }
    if (first !== null && now.diagnosis.verdict === "sick") return null;
    if (fixes.length > 0) completed = await complete?.(now.subject, now.diagnosis) ?? null;
  } finally {
    for (const fixed of applied.reverse()) fixed.undo();
  }
  const needed = fixes.filter(({ cause }) =>
    // Other fixes depend on the first warning's fix, and a standing fault on its own.
    cause.severity === "error" || cause === first || stands(cause, before)
  );
  return treatment({ before, now }, { fixes, needed, failed, completed });
}

/** Returns the treatment after all fixes were tried. */
function treatment(
  { before, now }: { before: Examined; now: Examined },
  { fixes, needed, failed, completed }: {
    fixes: TriedFix[];
    needed: TriedFix[];
    failed: Set<string>;
    completed: Completed | null;
  },
): Treatment {
  const added = addedTo(fixes, completed);
  const all = { fixes: [...fixes, ...added], failed, isCompleted: added.length > 0 };
  return {
    diagnosis: {
      ...withTried(before, all),
      ...fixes.length === 0 ? {} : { after: now.measurements },
    },
    after: now.diagnosis,
    fixes: [...needed, ...added].map(({ fix }) => fix),
    completed,
  };
}

/**
 * Returns the fixes that were added to others, with the pass that those led to, less the causes that
 * they are for.
 */
function addedTo(fixes: readonly TriedFix[], completed: Completed | null): TriedFix[] {
  const all: TriedFix[] = [];
  for (const { cause, fix } of completed?.added ?? []) {
    const last = all.at(-1) ?? fixes.at(-1)!;
    const causes = last.diagnosis.causes.filter((one) => one !== cause);
    const diagnosis = { ...last.diagnosis, causes, verdict: verdictOn(causes, last.diagnosis) };
    all.push({ ...last, fix, cause: cause ?? last.cause, diagnosis });
  }
  return all;
}

/**
 * Returns true if the fix of a warning is tried: not one that appeared only after another fix, nor
 * one that only the user can make. Standing ones come after all errors.
 *
 * @param warnings True to try those of all warnings.
 */
function isAsked(
  cause: Cause,
  { before, now, warnings }: { before: Examined; now: Examined; warnings: boolean },
): boolean {
  return before.diagnosis.causes.some((known) => causeName(known) === causeName(cause)) &&
    (warnings && cause.fixes[0]?.kind !== "rebuild" ||
      now.diagnosis.verdict !== "sick" && stands(cause, before));
}

/** Returns true if a sick network may not train without the fix of a warning, though it learns a batch. */
function stands({ findings }: Cause, { diagnosis, measurements }: Examined): boolean {
  return diagnosis.verdict === "sick" &&
    findings.every((finding) => isStanding(finding, measurements));
}

/**
 * Writes the tried fixes into the causes: causes that a fix uncovered are listed with the cause
 * before them. If fixes were added because the others are not enough, only the last is said to be.
 */
function withTried(
  { measurements, diagnosis }: Examined,
  { fixes, failed, isCompleted }: {
    fixes: TriedFix[];
    failed: Set<string>;
    isCompleted: boolean;
  },
): Diagnosis {
  const own = new Map<string, TriedFix[]>();
  let name = "";
  for (const tried of fixes) {
    const isKnown = diagnosis.causes.some((cause) => causeName(cause) === causeName(tried.cause));
    if (isKnown || name === "") name = causeName(tried.cause);
    own.set(name, [...own.get(name) ?? [], tried]);
  }
  const leftOf = (last: TriedFix) =>
    isCompleted && last !== fixes.at(-1) ? 1 : errorsOf(last.diagnosis);
  const errors = errorsOf(diagnosis);
  const inVain = { worked: false, verdict: diagnosis.verdict, figure: null };
  const causes = diagnosis.causes.map((cause): Cause => {
    const done = own.get(causeName(cause));
    if (done !== undefined) {
      const last = done.at(-1)!;
      const tried: Tried = {
        worked: true,
        errors,
        left: leftOf(last),
        verdict: last.diagnosis.verdict,
        figure: figureOf(cause, measurements, last.measurements),
      };
      return { ...cause, fixes: done.map(({ fix }) => fix), tried };
    }
    if (!failed.has(causeName(cause))) return cause;
    // Fixes that were applied in vain are not printed; those that need another model may help.
    const rest = cause.fixes.filter(({ kind }) => kind === "rebuild");
    return rest.length === cause.fixes.length
      ? cause
      : { ...cause, fixes: rest, tried: { ...inVain, errors, left: errors } };
  });
  return { ...diagnosis, causes };
}

/** Returns the figure that moved most, in a layer with a finding as severe as the cause. */
export function figureOf(
  cause: Cause,
  before: Measurements,
  after: Measurements,
): TriedFigure | null {
  const figures = cause.findings.flatMap(({ rule, layer, severity }): TriedFigure[] => {
    const figure = allRules().find(({ name }) => name === rule)?.figure;
    const was = before.layers.find(({ name }) => name === layer);
    const is = after.layers.find(({ name }) => name === layer);
    if (severity !== cause.severity || figure === undefined || !was || !is) return [];
    const values = [figure.of(was), figure.of(is)];
    if (values.some((value) => value === null || !Number.isFinite(value))) return [];
    return [{ title: figure.title, layer: was.name, before: values[0]!, after: values[1]! }];
  });
  // From 0 every figure has moved beyond measure: the first finding's is shown.
  const moved = ({ before, after }: TriedFigure) =>
    before === after ? 0 : Math.min(Math.abs(Math.log(Math.abs(after / before))), Number.MAX_VALUE);
  return figures.toSorted((a, b) => moved(b) - moved(a))[0] ?? null;
}

/**
 * Returns true if nothing as severe is left of a cause except findings that another cause explains.
 */
export function isGone(cause: Cause, { causes }: Diagnosis): boolean {
  return !causes.some(({ kind, severity, layers }) =>
    (severity === "error" || severity === cause.severity) && kind === cause.kind &&
    (layers.length === 0 || layers.some((layer) => cause.layers.includes(layer)))
  );
}

/** Returns true if there are fewer errors, or as many and fewer warnings. */
function isBetter(after: Diagnosis, before: Diagnosis): boolean {
  const fewer = errorsOf(before) - errorsOf(after);
  return fewer > 0 || fewer === 0 && countOf(after, "warning") < countOf(before, "warning");
}

/** Returns the number of errors. */
export function errorsOf(diagnosis: Diagnosis): number {
  return countOf(diagnosis, "error");
}

function countOf({ causes }: Diagnosis, severity: Finding["severity"]): number {
  return causes.flatMap(({ findings }) => findings).filter((one) => one.severity === severity)
    .length;
}
