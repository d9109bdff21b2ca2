import { runningEngine } from "../../../engine/running_engine.ts";
import { ensureEngine } from "../../../engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../../engine/tensorflow.ts";
import { measure } from "../../measure/measure.ts";
import type { MeasureOptions } from "../../measure/measure_options.ts";
import type { Measurements } from "../../measure/measurements.ts";
import type { Batch } from "../../model/batches/batch.ts";
import type { LearningRates } from "../../probe/rate_search.ts";
import type { SkippedTrial, Trial } from "../../probe/trial.ts";
import { describeRates, describeTrial, stillWords } from "../../rules/describe_trial.ts";
import { amendFinding, type Finding, saidOf } from "../../rules/finding.ts";
import { runRules } from "../../rules/judge_rule.ts";
import { layerName, say } from "../../rules/say.ts";
import { fans } from "../../../ground/theory/initializers.ts";
import { isKernel } from "../../../ground/theory/weight_kinds.ts";
import { withOverview } from "../../../ground/words/overview.ts";
import {
  boolean,
  callable,
  object,
  optional,
  primitive,
  requireValue,
} from "../../../ground/words/shape.ts";
import { diagnose } from "../diagnose.ts";
import {
  type Cause,
  causeName,
  type Diagnosis,
  diagnosisOverview,
  isFailing,
  shownDiagnosis,
  type TrialCurves,
  type Tried,
  verdictOn,
} from "../diagnosis.ts";
import type { Fix } from "../fix.ts";
import { applyFix, type FixSubject } from "./apply_fixes.ts";
import type { Completed, TryIt } from "./complete_fixes.ts";
import { searchRates } from "./search_rates.ts";
import { type TrialMode, tryFindings, trySubject } from "./try_findings.ts";
import type { Treatment } from "./try_fixes.ts";
import { weighWarnings } from "./weigh_warnings.ts";

/** Options of {@linkcode examine}. */
export interface ExamineOptions extends MeasureOptions {
  /** When to train the network on the batch; `"always"` tries the fixes of warnings too. Default: `"auto"`. */
  trial?: TrialMode;
  /** Seconds that the training may take, as estimated, see `tryTraining`. Default: 10. */
  trialBudget?: number;
  /**
   * True to search the learning rate in any case. Default: only if the trial learns at another rate
   * than the compiled one.
   */
  rates?: boolean;
  /** Judges the measurements. Default: `runRules`. */
  judge?: (measurements: Measurements) => Finding[];
}

const optionsShape = object({
  trial: optional(
    primitive(
      '"auto", "always", "off" or a whole number from 1',
      (value) =>
        ["auto", "always", "off"].includes(value as string) ||
        Number.isSafeInteger(value) && value as number >= 1,
    ),
  ),
  trialBudget: optional(
    primitive("seconds, 0 or more", (value) => typeof value === "number" && value >= 0),
  ),
  rates: optional(boolean),
  judge: optional(callable),
});

/** Everything known about a network afterwards: plain data. */
export interface Examination {
  /** Measurements. */
  measurements: Measurements;
  /** Findings of the rules, weighed by the trial. */
  findings: Finding[];
  /** Causes, with the fixes that worked. */
  diagnosis: Diagnosis;
  /**
   * All successful fixes of errors, and of warnings that a trial says nothing about, in the order of
   * application; each builds on the earlier ones.
   */
  fixes: Fix[];
  /** Trial on the batch; `null` if there was no reason to train. */
  trial: Trial | SkippedTrial | null;
  /** Learning rates that were tried; `null` if there was no reason to search for one. */
  rates: LearningRates | SkippedTrial | null;
  /** Trial with all fixes applied; `null` if none worked or nothing was trained. */
  fixedTrial: Trial | SkippedTrial | null;
}

/**
 * Examines a network: measures it, judges it, trains it on the batch for some steps, groups findings
 * by cause, and tries the fixes. The model is restored bit by bit.
 *
 * @param model A built model.
 * @param batch One tensor per input, and targets if the objective needs them.
 * @param options The objective, the options of the rules, and when to train.
 * @returns The measurements, findings, diagnosis and trials.
 *
 * @example Find the fault in the exercise network, and a fix that works
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { examine } from "@gradient-health/gradient-health/examine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const { diagnosis } = await examine(model, randomBatch(model));
 * const [cause] = diagnosis.causes;
 * assertEquals(cause.kind, "kernel-scale");
 * assertEquals(cause.tried?.left, 0);
 * model.dispose();
 * ```
 *
 * @throws {MeasureError} If the model cannot be measured on the batch.
 * @throws {InputError} If an argument is invalid, or if the batch does not suit the model.
 */
export async function examine(
  model: LayersModel,
  batch: Batch,
  options: ExamineOptions = {},
): Promise<Examination> {
  requireValue("options", options, optionsShape);
  const { trial: mode = "auto", trialBudget, rates: asked = false, judge = runRules, ...rest } =
    options;
  const measureOptions: MeasureOptions = rest;
  const measurements = await measure(model, batch, measureOptions);
  const { tf } = runningEngine() ?? await ensureEngine();
  const { onProgress: _, ...quiet } = measureOptions;
  const measureIt = ({ model, batch, objective }: FixSubject) =>
    measure(model, batch, { ...quiet, objective });
  const { judgeIt, examineIt } = makeExaminer(tf, { measure: measureIt, judge });
  const subject: FixSubject = { model, batch, objective: measureOptions.objective };
  const found = await judgeIt({ subject, measurements });
  const trialOptions = { mode, seed: measureOptions.seed, budgetSeconds: trialBudget };
  const tried = await tryFindings(subject, { measurements, found }, trialOptions);
  const { trial } = tried;
  const searchOptions = { ...trialOptions, asked };
  const { rates, shown, ...searched } = await searchRates(subject, tried, searchOptions);
  const tryIt = (subject: FixSubject) => trySubject(subject, trialOptions);
  const about = { measurements, trial, rates };
  const tested = { measurements, trial, shown, found, findings: searched.findings };
  const { findings, judged, withHelped } = await weighWarnings(tf, subject, tested, {
    request: trialOptions,
    examine: examineIt,
  });
  if (shown !== null) {
    const known = judged.causes;
    const failed = { finding: shown, trial: trial as Trial, rates, measurements, known, found };
    // One pass cannot show this fault.
    const { trainingCause } = await import("./training_cause.ts");
    const { causes, ...fixed } = await trainingCause(tf, subject, failed, tryIt);
    const shownToo = { ...about, findings: [...findings, shown], ...fixed };
    return said(shownToo, withShown(judged, causes));
  }
  const warnings = mode === "always" && judged.causes.length > 0;
  if (!isFailing(judged.verdict) && !warnings) {
    return said({ ...about, findings, fixes: [], fixedTrial: null }, withHelped(judged));
  }
  const { tryFixes } = await import("./try_fixes.ts");
  const before = { measurements, diagnosis: judged };
  const treated = await tryFixes(tf, subject, before, {
    examine: examineIt,
    warnings,
    complete: (subject, { causes }) =>
      completeTreated(tf, subject, { known: judged.causes, causes, measurements, trial }, tryIt),
  });
  const fixedTrial = treated.completed?.fixedTrial ?? null;
  const weighed = weighFixes(treated);
  return said({ ...about, findings, fixes: treated.fixes, fixedTrial }, withHelped(weighed));
}

/** Tries a network with fixes, and adds others if these are not enough; `null` if nothing was trained. */
async function completeTreated(
  tf: TensorFlow,
  subject: FixSubject,
  { trial, ...about }: Pick<Examination, "measurements" | "trial"> & {
    known: readonly Cause[];
    causes: readonly Cause[];
  },
  tryIt: TryIt,
): Promise<Completed | null> {
  if (trial === null || "skipped" in trial) return null;
  const { completeFixes } = await import("./complete_fixes.ts");
  const fixedTrial = await tryIt(subject);
  return await completeFixes(tf, subject, { fixedTrial, trial, ...about }, tryIt);
}

/** Returns the diagnosis with the causes that the trial showed, before those of the pass. */
function withShown(judged: Diagnosis, shown: readonly Cause[]): Diagnosis {
  const names = shown.map(causeName);
  const rest = judged.causes.filter((cause) => !names.includes(causeName(cause)));
  return { ...judged, verdict: "sick", causes: [...shown, ...rest] };
}

/**
 * Returns the diagnosis after training with all fixes: they only count if the network then learns as
 * it is compiled, and if that says something. The numbers of one batch are soon fitted, however far
 * above guessing the loss starts: of 17 networks of `bench/trainability` that start more than 30 times
 * above, 14 fail.
 */
function weighFixes(
  { diagnosis, after, completed }: Pick<Treatment, "diagnosis" | "after" | "completed">,
): Diagnosis {
  const { fixedTrial = null, trains = false } = completed ?? {};
  if (fixedTrial === null || "skipped" in fixedTrial || fixedTrial.verdict === "undecided") {
    return withAllGone(diagnosis, (tried) => ({ ...tried, onePass: true }));
  }
  const hasClasses = fixedTrial.attempts[fixedTrial.best!]?.accuracy !== null;
  const startsFar = after.causes.some(({ findings }) =>
    findings.some(({ rule, kind }) => rule === "initial-loss" && kind === "too-large")
  );
  if (trains && (hasClasses || !startsFar)) return withAllGone(diagnosis, judgedByTrial);
  return withAllGone(diagnosis, (tried) => ({ ...tried, left: 1 }));
}

/** Calls a network healthy that the trial judged in place of its replaced loss. */
function judgedByTrial(tried: Tried): Tried {
  return tried.verdict === "unjudged" ? { ...tried, verdict: "healthy" } : tried;
}

/** Changes the results of the fixes with which one pass finds no error. */
function withAllGone(diagnosis: Diagnosis, change: (tried: Tried) => Tried): Diagnosis {
  const causes = diagnosis.causes.map((cause) =>
    cause.tried?.worked && cause.tried.left === 0 ? { ...cause, tried: change(cause.tried) } : cause
  );
  return { ...diagnosis, causes };
}

/** Returns the loss of the best attempts, step by step. */
function curvesOf(
  trial: Examination["trial"],
  fixedTrial: Examination["trial"],
): { curves?: TrialCurves } {
  const lossesOf = (trial: Examination["trial"]) =>
    trial === null || "skipped" in trial || trial.best === null
      ? undefined
      : trial.attempts[trial.best].losses;
  const before = lossesOf(trial);
  if (trial === null || "skipped" in trial || before === undefined) return {};
  const after = lossesOf(fixedTrial);
  return {
    curves: {
      before,
      ...after === undefined ? {} : { after },
      guess: trial.guess,
      still: stillWords(trial),
    },
  };
}

/** Returns the examination, with the trial put into words; it prints and displays its diagnosis. */
function said(found: Omit<Examination, "diagnosis">, judged: Diagnosis): Examination {
  const { trial, rates, fixedTrial, measurements, findings } = found;
  const verdictOf = (trial: Trial | SkippedTrial) => "skipped" in trial ? "skipped" : trial.verdict;
  const fixed = fixedTrial === null
    ? {}
    : { fixed: describeTrial(fixedTrial), fixedVerdict: verdictOf(fixedTrial) };
  const given = trial !== null && "givenVerdict" in trial ? trial.givenVerdict : null;
  const tried = trial === null ? {} : {
    trial: {
      verdict: verdictOf(trial),
      ...given === null ? {} : { givenVerdict: given },
      said: describeTrial(trial),
      ...fixed,
    },
  };
  const diagnosis: Diagnosis = {
    ...judged,
    ...curvesOf(trial, fixedTrial),
    ...tried,
    // Before the trial, a replaced loss left the network unjudged.
    verdict: verdictOn(judged.causes, { ...judged, ...tried }),
    ...rates === null ? {} : {
      rates: { said: describeRates(rates), search: "skipped" in rates ? null : rates },
    },
  };
  const known = { measurements, findings, diagnosis };
  const examination = { ...found, diagnosis: shownDiagnosis(known) };
  const overview = () => diagnosisOverview(known);
  return withOverview(examination, overview, { of: "report", given: () => known });
}

/** Rules about the answers of a network, which another head changes. */
const OF_ANSWERS: ReadonlySet<string> = new Set(["initial-loss", "output-head"]);

/** Subject with its measurements. */
interface Measured {
  subject: FixSubject;
  measurements: Measurements;
}

/** Functions that measure and judge a subject. */
interface Judge {
  measure(subject: FixSubject): Promise<Measurements>;
  judge(measurements: Measurements): Finding[];
}

/** Returns functions that judge a subject, also behind a head of zeros. */
function makeExaminer(tf: TensorFlow, { measure, judge }: Judge) {
  const judgeIt = (measured: Measured) => judgeBehindHead(tf, measured, { measure, judge });
  return {
    judgeIt,
    async examineIt(subject: FixSubject) {
      const measurements = await measure(subject);
      const found = await judgeIt({ subject, measurements });
      return { measurements, diagnosis: diagnose(measurements, found) };
    },
  };
}

/**
 * Judges measurements. If the kernel of a head is all zeros, no gradient reaches the layers before
 * it, and the rules about gradients have nothing to judge: a second pass with this kernel drawn at
 * random shows their errors. The model is restored bit by bit.
 */
async function judgeBehindHead(
  tf: TensorFlow,
  { subject, measurements }: Measured,
  { measure, judge }: Judge,
): Promise<Finding[]> {
  const found = judge(measurements);
  if (!found.some(isZeroHead)) return found;
  const weights = zeroHeads(measurements);
  const drawn = applyFix(tf, subject, { kind: "redraw", weights, initializer: "leCunNormal" });
  if (drawn === null) return found;
  try {
    const heads = weights.map(({ layer }) => layer);
    const behind = judge(await measure(drawn.subject)).filter(({ rule, severity, layer }) =>
      severity === "error" && !OF_ANSWERS.has(rule) && !heads.includes(layer ?? "")
    );
    return joined(found, behind, heads);
  } finally {
    drawn.undo();
  }
}

const isZeroHead = ({ rule, kind }: Finding) =>
  rule === "vanishing-gradients" && kind === "zero-head";

/** Returns the kernels of heads that are all zeros, with the deviation that LeCun draws. */
function zeroHeads({ layers }: Measurements) {
  return layers.filter(({ role }) => role === "output").flatMap(({ name, kernelLayout, weights }) =>
    weights.filter((weight) => isKernel(weight) && weight.values.maxAbs === 0)
      .flatMap((weight) =>
        kernelLayout === undefined ? [] : [{
          layer: name,
          weight: weight.name,
          std: 1 / Math.sqrt(fans(weight.shape, kernelLayout).fanIn),
        }]
      )
  );
}

/** Returns the findings with the errors that a drawn head shows. */
function joined(found: readonly Finding[], behind: readonly Finding[], heads: string[]): Finding[] {
  if (behind.length === 0) return [...found];
  const isAlike = (a: Finding, b: Finding) => a.rule === b.rule && a.layer === b.layer;
  const shown = behind.filter((one) =>
    !found.some((known) => known.severity === "error" && isAlike(known, one))
  ).map((one) =>
    amendFinding(one, {
      message: say`${saidOf(one, "message")} Measured with the kernel of ${
        layerName(heads[0])
      } drawn at random: as zeros it hides this in one pass.`,
    })
  );
  return [
    ...found.filter((known) =>
      !isZeroHead(known) && known.kind !== "no-signal" && !shown.some((one) => isAlike(known, one))
    ),
    ...shown,
  ];
}
