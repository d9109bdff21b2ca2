import type { TensorFlow } from "../../../engine/tensorflow.ts";
import type { Measurements } from "../../measure/measurements.ts";
import type { SkippedTrial, Trial } from "../../probe/trial.ts";
import { amendFinding, type Finding, saidOf } from "../../rules/finding.ts";
import { counted, say, type Sentence } from "../../rules/say.ts";
import { diagnose } from "../diagnose.ts";
import { type Cause, causeName, type Diagnosis, type Tried } from "../diagnosis.ts";
import type { Fix } from "../fix.ts";
import { applyFix, type FixSubject } from "./apply_fixes.ts";
import { isStanding } from "./standing_warnings.ts";
import { isLearning, trialOptionsOf, type TrialRequest, TRIED } from "./try_findings.ts";

/** Fix with which a network learns clearly sooner. */
interface Helped {
  /** Fixes of its cause, this one first. */
  fixes: Fix[];
  /** Result of trying it; `null` if the warning is still there. */
  tried: Tried | null;
}

/** Findings after the fixes of warnings were tried by training. */
interface Weighed {
  findings: Finding[];
  /** Diagnosis of these findings. */
  judged: Diagnosis;
  /** Adds the fixes that helped to a diagnosis of these findings. */
  withHelped(diagnosis: Diagnosis): Diagnosis;
}

/** Network after its trial. */
interface TriedNetwork {
  measurements: Measurements;
  /** Findings of the pass. */
  found: readonly Finding[];
  /** The same after the trial, in the same order; last what the trial itself warns of. */
  findings: Finding[];
  trial: Trial | SkippedTrial | null;
  /** Finding that the network does not learn, or `null`. */
  shown: Finding | null;
}

/** Functions and options that the original was examined with. */
interface Examiner {
  /** When to train, and the seed that the model was made with. */
  request: TrialRequest;
  examine(subject: FixSubject): Promise<{ measurements: Measurements; diagnosis: Diagnosis }>;
}

/**
 * Weighs the warnings about a network that learns. A warning stands if the network learns clearly
 * sooner with its fix, and becomes a note if it does not. A warning of the pass without a fix to try
 * becomes a note if training moves every layer.
 *
 * @param subject The model, its batch and its objective; restored afterwards.
 * @param tried The network after its trial; its findings stay unchanged if it does not learn.
 * @param examiner The examiner of the network.
 */
export async function weighWarnings(
  tf: TensorFlow,
  subject: FixSubject,
  { measurements, found, findings, trial, shown }: TriedNetwork,
  examiner: Examiner,
): Promise<Weighed> {
  const before = diagnose(measurements, findings);
  const isMild = shown === null && before.verdict === "weak";
  // A trial that the budget ended shows no more than none.
  if (isMild && (trial === null || "skipped" in trial || trial.verdict === "undecided")) {
    const weighed = findings.map((finding) => untried(finding, measurements));
    return { findings: weighed, judged: diagnose(measurements, weighed), withHelped: (one) => one };
  }
  if (!isMild || !isLearning(trial)) return { findings, judged: before, withHelped: (one) => one };
  const helped = new Map<string, Helped>();
  const notes = new Map<Finding, Finding>();
  const errors = new Set(findings.filter((_, i) => found[i]?.severity === "error"));
  const isWarning = (cause: Cause) => !cause.findings.some((finding) => errors.has(finding));
  let taken = 0;
  for (const cause of before.causes.filter((cause) => isWeighed(cause, measurements))) {
    const tried = await tryFixesOf(tf, subject, cause, { measurements, trial, taken, examiner });
    taken += tried.steps;
    if (tried.helped !== null) {
      helped.set(causeName(cause), tried.helped);
    } else if (tried.isTried || isWarning(cause) && isTrained(trial)) {
      const why = tried.isTried ? say`, and with the fix no sooner` : say` all the same`;
      for (const finding of cause.findings) notes.set(finding, noteOf(finding, trial, why));
    }
  }
  const weighed = findings.map((finding) => notes.get(finding) ?? finding);
  return {
    findings: weighed,
    judged: notes.size > 0 ? diagnose(measurements, weighed) : before,
    withHelped: (diagnosis) => ({
      ...diagnosis,
      causes: diagnosis.causes.map((cause) => addHelp(cause, helped.get(causeName(cause)))),
    }),
  };
}

function addHelp(cause: Cause, help: Helped | undefined): Cause {
  if (help?.tried == null) return cause;
  const { fixes, tried } = help;
  if (cause.tried === undefined) return { ...cause, fixes, tried };
  return cause.tried.worked ? { ...cause, tried: { ...cause.tried, steps: tried.steps } } : cause;
}

/** Returns true if training can tell whether the warnings of a cause matter. */
function isWeighed({ severity, findings }: Cause, measurements: Measurements): boolean {
  return severity === "warning" &&
    findings.every((finding) =>
      !finding.unjudged && TRIED.has(finding.rule) && !isStanding(finding, measurements)
    );
}

/** Returns true if training moves all layers, and learns at the compiled rate if there is one. */
function isTrained({ verdict, givenVerdict, attempts, best }: Trial): boolean {
  return verdict === "learns" && (givenVerdict ?? verdict) === "learns" &&
    attempts[best!].stillLayers === 0;
}

/** Trains with each fix of a cause until one helps. */
async function tryFixesOf(
  tf: TensorFlow,
  subject: FixSubject,
  cause: Cause,
  { measurements, trial, taken, examiner: { request, examine } }: {
    measurements: Measurements;
    trial: Trial;
    taken: number;
    examiner: Examiner;
  },
): Promise<{ helped: Helped | null; steps: number; isTried: boolean }> {
  const { learnsSooner } = await import("../../probe/learns_sooner.ts");
  const { figureOf, isGone } = await import("./try_fixes.ts");
  let steps = 0, isTried = false;
  for (const fix of cause.fixes) {
    const fixed = applyFix(tf, subject, fix);
    if (fixed === null) continue;
    try {
      const { model, batch } = fixed.subject;
      const options = trialOptionsOf(fixed.subject, request);
      const now = await learnsSooner(model, batch, options, { trial, taken: taken + steps });
      steps += now.steps;
      isTried ||= !now.isCut;
      if (now.sooner === null) continue;
      const after = await examine(fixed.subject);
      const tried = isGone(cause, after.diagnosis)
        ? {
          worked: true,
          errors: 0,
          left: 0,
          verdict: after.diagnosis.verdict,
          figure: figureOf(cause, measurements, after.measurements),
          steps: now.sooner,
        }
        : null;
      const others = cause.fixes.filter((other) => other !== fix);
      return { helped: { fixes: [fix, ...tried === null ? others : []], tried }, steps, isTried };
    } finally {
      fixed.undo();
    }
  }
  return { helped: null, steps, isTried };
}

/** Kinds of `activation-scale` that the usual initialisers explain. */
const USUAL = ["small", "large"];
/** Deviations that papers prescribe: GPT-2, BERT, ViT and DCGAN 0.02, RetinaNet 0.01. */
const PRESCRIBED = [0.02, 0.01];
/** A kernel of some thousand entries has a deviation within this share of the prescribed one. */
const NEAR_PRESCRIBED = 0.05;

/** Kinds of findings, by rule, on the branch behind weights of 0 that have a gradient. */
const BEHIND_ZEROS: Readonly<Record<string, readonly string[]>> = {
  "gradients-flow": ["waits", "no-signal"],
  "vanishing-gradients": ["bypassed"],
};

/** Returns true if weights start at 0 that get a gradient, as the last gamma of a branch may. */
function startsAtZero({ layers }: Measurements): boolean {
  return layers.some(({ weights }) =>
    weights.some(({ name, values, gradients }) =>
      !/\/(bias|beta)(_\d+)?$/.test(name) && values.maxAbs === 0 && (gradients?.maxAbs ?? 0) > 0
    )
  );
}

/** Returns true if an initialiser in use explains a warning. */
function isByInitializer({ rule, kind, figures }: Finding, measurements: Measurements): boolean {
  if (BEHIND_ZEROS[rule]?.includes(kind ?? "")) return startsAtZero(measurements);
  if (rule === "activation-scale") return USUAL.includes(kind ?? "");
  const std = figures?.std?.value ?? NaN;
  return rule === "init-scale" && kind === "too-small" &&
    PRESCRIBED.some((one) => Math.abs(std / one - 1) < NEAR_PRESCRIBED);
}

/**
 * Returns a warning as a note if an initialiser in use explains it and no trial shows that it
 * matters: networks drawn so train as well, up to the limit of `USUALLY_OFF`.
 */
function untried(finding: Finding, measurements: Measurements): Finding {
  return finding.severity === "warning" && isByInitializer(finding, measurements)
    ? amendFinding(finding, {
      severity: "note",
      message: say`${saidOf(finding, "message")} Only a note: the initialiser explains it, and no
        trial shows that it matters.`,
    })
    : finding;
}

/** Returns a warning as a note that says why it is one. */
function noteOf(finding: Finding, { attempts, best }: Trial, why: Sentence): Finding {
  if (finding.severity !== "warning") return finding;
  const { steps } = attempts[best!];
  return amendFinding(finding, {
    severity: "note",
    message: say`${saidOf(finding, "message")} Only a note: the network learns its batch in ${
      counted(steps, "step")
    }${why}.`,
  });
}
