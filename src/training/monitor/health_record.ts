import { consequencesOf, diagnose } from "../../core/diagnosis/diagnose.ts";
import { type Cause, type Diagnosis, verdictOn } from "../../core/diagnosis/diagnosis.ts";
import type { Fix } from "../../core/diagnosis/fix.ts";
import { shownMeasurements } from "../../core/measure/measure.ts";
import type { Measurements } from "../../core/measure/measurements.ts";
import { atLeast, atMost, type Expected, inWords } from "../../core/rules/say.ts";
import { type Finding, makeFinding, shownFindings } from "../../core/rules/finding.ts";
import type { TrainingFinding } from "../judge_training.ts";
import { hasMoved, type TrainingPass, type WeightProgress } from "../training_pass.ts";
import { formatCount, formatNumber } from "../../ground/words/numbers.ts";
import { type Overview, withOverview } from "../../ground/words/overview.ts";

/** Measurement during training. */
export interface HealthRecord {
  /** Number of batches trained on, counted over all epochs; 0 before the first one. */
  step: number;
  /** Epoch, counted from 1 as `fit` prints it; 0 before the first one. */
  epoch: number;
  /** Measurements. */
  measurements: Measurements;
  /** Findings of the rules, notes included. */
  findings: Finding[];
  /**
   * Progress of each kernel: its growth since step 0, and its change by the latest batch. Empty at
   * step 0.
   */
  progress: WeightProgress[];
  /**
   * Cause in training itself: steps that are too large, with all errors and warnings as
   * consequences; or a loss that has not moved since training began, with the errors found by then.
   * `null` if there is none.
   */
  cause: Cause | null;
  /** Time for measuring and judging in milliseconds. */
  milliseconds: number;
}

/** Full pass and its findings. */
export interface Judged
  extends Pick<HealthRecord, "step" | "measurements" | "findings" | "progress" | "milliseconds"> {
  /** True if the training ends here. */
  isEnd: boolean;
}

/** Fixes that change the initialisation, which is useless once training has moved the weights. */
const INITIALIZES: readonly Fix["kind"][] = ["rescale", "redraw", "set-bias", "activation"];

/** Number of steps below which an unchanged loss proves nothing. */
const ENOUGH_STEPS = 100;
/** A loss within this share of the one before training has not moved. */
const STANDS = 0.01;

/**
 * Returns the result of a full pass for the rules over trainings; `null` if the network had NaN or
 * infinite entries before the first batch: these are not the fault of a step.
 */
export function trainingPassOf(
  { measurements, findings, progress, step }: Judged,
  [start]: readonly HealthRecord[],
): TrainingPass | null {
  if (start === undefined || start.findings.some(isNotFinite)) return null;
  const isNew = !start.findings.some(isIllAtStart);
  // Training does not lower the sum of the outputs.
  const loss = measurements.objective.name === "sum" ? null : lossOf(start, measurements);
  const errors = isNew ? "new" : "old";
  return {
    step,
    loss,
    progress,
    errors: findings.some(isError) ? errors : "none",
    hasNonFinite: findings.some(isNotFinite),
  };
}

/**
 * Returns the first error before training as a cause if, after enough steps, the loss has not
 * moved; otherwise `null`.
 */
export function standstillOf(
  { measurements, step, isEnd }: Judged,
  [start]: readonly HealthRecord[],
): Cause | null {
  if (start === undefined) return null;
  if (measurements.objective.name === "sum" || step < ENOUGH_STEPS && !isEnd) return null;
  const { before, now } = lossOf(start, measurements);
  const errors = start.findings.filter(isError);
  const [first] = errors;
  // Nothing is left to learn from a loss of 0.
  if (now === 0) return null;
  if (first === undefined || !(Math.abs(now - before) <= STANDS * Math.abs(before))) return null;
  return {
    kind: "standstill",
    severity: "warning",
    layers: [],
    message:
      `After ${formatCount(step, "batch", "batches")} the loss is ${formatNumber(now)}, as ` +
      `before training (${formatNumber(before)}). Before training: ${first.message}`,
    consequences: [],
    findings: errors,
    fixes: [{ kind: "rebuild", what: first.fix }],
  };
}

const lossOf = (start: HealthRecord, { objective: { value: now } }: Measurements) => ({
  before: start.measurements.objective.value,
  now,
});

/** Diagnoses a record: by the cause in training if there is one, otherwise by the findings. */
export function diagnoseRecord(record: HealthRecord): Diagnosis {
  const { cause } = record;
  // A loss that stands still is explained by the current findings, if there are any.
  const isFound = record.findings.some(({ severity }) => severity !== "note");
  if (cause !== null && (cause.kind !== "standstill" || !isFound)) {
    return { verdict: verdictOn([cause]), causes: [cause], notes: [] };
  }
  const diagnosis = diagnose(record.measurements, record.findings);
  if (!hasMoved(record.progress)) return diagnosis;
  const causes = diagnosis.causes.map((cause) => ({
    ...cause,
    fixes: cause.fixes.filter(({ kind }) => !INITIALIZES.includes(kind)),
  }));
  return { ...diagnosis, causes };
}

function isNotFinite({ rule, severity }: Finding): boolean {
  return rule === "non-finite" && severity === "error";
}

/**
 * Returns true for errors before the first batch, except one about the learning rate, which
 * training itself puts to the test.
 */
const isIllAtStart = (finding: Finding) => isError(finding) && finding.rule !== "learning-rate";

const isError = ({ severity }: Finding) => severity === "error";

/** Converts a finding of the rules over trainings to one like those of the other rules. */
export function findingOfTraining(found: TrainingFinding): Finding {
  const { rule, severity, kind, layer, measured, message, fix } = found;
  return makeFinding(rule, {
    severity,
    kind,
    layer,
    measured: Number.isFinite(measured) ? measured : null,
    expected: expectedOf(found),
    message,
    fix,
  });
}

function expectedOf({ measured, limit }: TrainingFinding): Expected {
  if (limit === null) return inWords("finite figures");
  return measured < limit ? atLeast(limit) : atMost(limit);
}

/** Returns a finding about a training as a cause, with the findings of a pass as its consequences. */
export function causeOfTraining(
  found: TrainingFinding,
  findings: readonly Finding[],
  measurements: Measurements,
): Cause {
  const { rule, severity, layer, message, fix, since } = found;
  const open = findings.filter(({ severity }) => severity !== "note");
  return {
    kind: rule,
    severity,
    layers: layer === null ? [] : [layer],
    message,
    consequences: consequencesOf(open, measurements),
    findings: [findingOfTraining(found), ...open],
    fixes: [{ kind: "rebuild", what: fix }],
    since,
  };
}

/** Returns an empty history that prints and displays itself, one line per record. */
export function shownHistory(): HealthRecord[] {
  const history: HealthRecord[] = [];
  return withOverview(history, historyOverview, { of: "history", given: () => history });
}

/** Makes the contents of a record print and display themselves. */
export function shownRecord(record: HealthRecord): HealthRecord {
  shownMeasurements(record.measurements);
  shownFindings(record.findings, record.measurements);
  return record;
}

function historyOverview(history: readonly HealthRecord[]): Overview {
  const steps = history.map(({ step }) => step);
  const range = steps.length < 2 ? "" : `, step ${steps[0]} to ${steps.at(-1)}`;
  const count = ({ findings }: HealthRecord, which: Finding["severity"]) =>
    String(findings.filter(({ severity }) => severity === which).length);
  return {
    title: `${formatCount(history.length, "record")}${range}`,
    columns: ["step", "epoch", "J", "errors", "warnings", "cause"],
    rows: history.map((record) => [
      String(record.step),
      String(record.epoch),
      record.measurements.objective.value,
      count(record, "error"),
      count(record, "warning"),
      record.cause?.message ?? null,
    ]),
  };
}
