import type { Finding } from "../checks/finding.ts";
import type { Cure } from "../diagnosis/cure.ts";
import { consequencesOf, diagnose } from "../diagnosis/diagnose.ts";
import {
  diagnoseStandstill,
  diagnoseTraining,
  type WeightProgress,
} from "../diagnosis/diagnose_training.ts";
import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Measurements } from "../measure/measurements.ts";

/** One measurement during training. */
export interface HealthRecord {
  /** How many batches had been trained on, counted over all epochs; 0 before the first one. */
  step: number;
  /** The epoch, counted from 1 as `fit` prints it; 0 before the first one. */
  epoch: number;
  /** What was measured. */
  measurements: Measurements;
  /** What the rules find, notes included. */
  findings: Finding[];
  /**
   * How training has moved each kernel: its growth since step 0, and what the latest batch changed of it.
   * Empty at step 0.
   */
  progress: WeightProgress[];
  /**
   * What goes wrong in training itself: steps that are too large, with all errors and warnings under them; or a loss
   * that is where it was before training, with the errors found by then. `null` if nothing does.
   */
  cause: Cause | null;
  /** How long measuring and judging took, in milliseconds. */
  milliseconds: number;
}

/** What a diagnosis is made of. */
type Judged = Pick<HealthRecord, "measurements" | "findings" | "progress">;

/** Cures that give weights another start, which is no use once training has moved them. */
const INITIALIZES: readonly Cure["kind"][] = ["rescale", "redraw", "set-bias", "activation"];

/** Steps before which a loss that stands where it was says nothing. */
const ENOUGH_STEPS = 100;

/**
 * The cause in training of what was found: a step that is too large, or, once there were steps enough, a loss that
 * has not moved although a rule found an error before training.
 *
 * @param record What was measured and found, and whether it is the end of the training.
 * @param history The records before it.
 * @param model The model, which is trained by its optimizer.
 * @returns The cause, or `null` if there is none.
 */
export function trainingCauseOf(
  { measurements, findings, progress, step, isEnd }: Judged & { step: number; isEnd: boolean },
  [start]: readonly HealthRecord[],
  model: LayersModel,
): Cause | null {
  // What was not finite before the first batch, no step has made so.
  if (start === undefined || start.findings.some(isNotFinite)) return null;
  const loss = {
    before: start.measurements.objective.value,
    now: measurements.objective.value,
  };
  // The sum of the outputs is not what training lowers.
  const isLoss = measurements.objective.name !== "sum";
  const optimizer = model.optimizer.getClassName();
  const learningRate = learningRateOf(model);
  const isBroken = isLoss && findings.some(isError) && !start.findings.some(isIllAtStart);
  const tooLarge = diagnoseTraining(progress, findings, {
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

/** What is wrong: what goes wrong in training if it does, and else what the network is ill of. */
export function diagnoseRecord(
  record: Parameters<typeof trainingCauseOf>[0],
  history: readonly HealthRecord[],
  model: LayersModel,
): Diagnosis {
  const cause = trainingCauseOf(record, history, model);
  // A loss that stands still is explained by what is wrong now, if anything is.
  if (cause !== null && (cause.kind !== "standstill" || record.findings.length === 0)) {
    const verdict = cause.severity === "error" ? "sick" : "healthy";
    return { verdict, causes: [cause], notes: [] };
  }
  const diagnosis = diagnose(record.measurements, record.findings);
  const hasMoved = record.progress.some(({ growth, updateRatio }) =>
    (growth ?? 1) !== 1 || (updateRatio ?? 0) !== 0
  );
  if (!hasMoved) return diagnosis;
  const causes = diagnosis.causes.map((cause) => ({
    ...cause,
    cures: cause.cures.filter(({ kind }) => !INITIALIZES.includes(kind)),
  }));
  return { ...diagnosis, causes };
}

function isNotFinite({ rule, severity }: Finding): boolean {
  return rule === "non-finite" && severity === "error";
}

/** An error before the first batch, other than of the rate that only training shows at work. */
const isIllAtStart = (finding: Finding) => isError(finding) && finding.rule !== "learning-rate";

const isError = ({ severity }: Finding) => severity === "error";

/** The rate that a model is trained at; `null` where its optimizer does not tell. */
function learningRateOf({ optimizer }: LayersModel): number | null {
  const { learningRate } = optimizer.getConfig() as { learningRate?: unknown };
  return typeof learningRate === "number" ? learningRate : null;
}
