import type { Finding } from "../checks/finding.ts";
import type { Cure } from "../diagnosis/cure.ts";
import { consequencesOf, diagnose } from "../diagnosis/diagnose.ts";
import { diagnoseTraining, type WeightProgress } from "../diagnosis/diagnose_training.ts";
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
   * What goes wrong in training itself, a step that is too large, with all errors and warnings under it;
   * `null` where the steps are of a usual size.
   */
  cause: Cause | null;
  /** How long measuring and judging took, in milliseconds. */
  milliseconds: number;
}

/** What a diagnosis is made of. */
type Judged = Pick<HealthRecord, "measurements" | "findings" | "progress">;

/** Cures that give weights another start, which is no use once training has moved them. */
const INITIALIZES: readonly Cure["kind"][] = ["rescale", "redraw", "set-bias", "activation"];

/**
 * The cause in training of what was found.
 *
 * @param record What was measured and found.
 * @param history The records before it.
 * @param model The model, which is trained by its optimizer.
 * @returns The cause, or `null` where no step was too large.
 */
export function trainingCauseOf(
  { measurements, findings, progress }: Judged,
  [start]: readonly HealthRecord[],
  model: LayersModel,
): Cause | null {
  // What was not finite before the first batch, no step has made so.
  if (start === undefined || start.findings.some(isNotFinite)) return null;
  const cause = diagnoseTraining(progress, findings, {
    learningRate: learningRateOf(model),
    // The sum of the outputs is not what training lowers.
    broken: start.findings.some(isIllAtStart) || !findings.some(isError) ||
        measurements.objective.name === "sum"
      ? null
      : {
        before: start.measurements.objective.value,
        now: measurements.objective.value,
      },
  });
  return cause && { ...cause, consequences: consequencesOf(cause.findings, measurements) };
}

/** What is wrong: what goes wrong in training if it does, and else what the network is ill of. */
export function diagnoseRecord(
  record: Judged,
  history: readonly HealthRecord[],
  model: LayersModel,
): Diagnosis {
  const cause = trainingCauseOf(record, history, model);
  if (cause !== null) {
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
