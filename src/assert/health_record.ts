import { verdictOn } from "../diagnosis/verdict.ts";
import type { Finding } from "../rules/finding.ts";
import type { Fix } from "../diagnosis/fix.ts";
import { consequencesOf, diagnose } from "../diagnosis/diagnose.ts";
import {
  diagnoseStandstill,
  diagnoseTraining,
  type WeightProgress,
} from "../diagnosis/diagnose_training.ts";
import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Measurements } from "../measure/measurements.ts";

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

/** Optimizer that trains the model. */
export interface TrainingOptimizer {
  /** Name of its class. */
  optimizer: string;
  /** Learning rate; `null` if the optimizer does not reveal it. */
  learningRate: number | null;
}

/** Input of a diagnosis. */
export interface Judged
  extends Pick<HealthRecord, "step" | "measurements" | "findings" | "progress"> {
  /** True if the training ends here. */
  isEnd: boolean;
  /** Cause in training, if it is known already. */
  cause?: Cause | null;
}

/** Fixes that change the initialisation, which is useless once training has moved the weights. */
const INITIALIZES: readonly Fix["kind"][] = ["rescale", "redraw", "set-bias", "activation"];

/** Loss below this share of that before training: steps cannot have been too large. */
export const LEARNS = 0.9;

/** Number of steps below which an unchanged loss proves nothing. */
const ENOUGH_STEPS = 100;

/**
 * Finds the cause in training of the findings: a step that is too large, or, after enough steps, a
 * loss that has not moved although a rule found an error before training.
 *
 * @param record Measurements and findings.
 * @param history The records before it.
 * @returns The cause, or `null` if there is none.
 */
export function trainingCauseOf(
  { measurements, findings, progress, step, isEnd }: Judged,
  [start]: readonly HealthRecord[],
  { optimizer, learningRate }: TrainingOptimizer,
): Cause | null {
  // Entries that were not finite before the first batch are not the fault of a step.
  if (start === undefined || start.findings.some(isNotFinite)) return null;
  const loss = { before: start.measurements.objective.value, now: measurements.objective.value };
  // Training does not lower the sum of the outputs.
  const isLoss = measurements.objective.name !== "sum";
  const isBroken = isLoss && findings.some(isError) && !start.findings.some(isIllAtStart);
  // Kernels may grow far in a network that learns: that of a published program by 2e4, from a loss
  // of 3007 to 250.
  const learns = isLoss && loss.now < LEARNS * loss.before && !findings.some(isNotFinite);
  const tooLarge = learns ? null : diagnoseTraining(progress, findings, {
    optimizer,
    learningRate,
    broken: isBroken ? loss : null,
  });
  if (tooLarge !== null) {
    return { ...tooLarge, consequences: consequencesOf(tooLarge.findings, measurements) };
  }
  if (!isLoss || step < ENOUGH_STEPS && !isEnd) return null;
  const { findings: found } = start;
  return diagnoseStandstill(progress, { loss, found, steps: step, optimizer, learningRate });
}

/** Diagnoses a record: by the cause in training if there is one, otherwise by the findings. */
export function diagnoseRecord(
  record: Judged,
  history: readonly HealthRecord[],
  by: TrainingOptimizer,
): Diagnosis {
  const cause = record.cause ?? trainingCauseOf(record, history, by);
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

/** True if training has changed a kernel since step 0. */
export function hasMoved(progress: readonly WeightProgress[]): boolean {
  return progress.some(({ growth, updateRatio }) =>
    (growth ?? 1) !== 1 || (updateRatio ?? 0) !== 0
  );
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
