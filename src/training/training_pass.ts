import { isKernel } from "../ground/theory/weight_kinds.ts";
import type {
  LayerMeasurements,
  Measurements,
  TensorStatistics,
} from "../core/measure/measurements.ts";
import type { LayerSignals } from "./training_step.ts";

/** Change of one weight during training. */
export interface WeightProgress {
  /** Path of its layer. */
  layer: string;
  /** Name of the weight. */
  weight: string;
  /**
   * rms of the weight now / rms at step 0; `null` if that was 0, NaN if it has NaN or infinite
   * entries now.
   */
  growth: number | null;
  /**
   * l2 norm of the change by the latest step / l2 norm of the weight before it; `null` if that was
   * 0.
   */
  updateRatio: number | null;
}

/** Result of a full pass after the latest step of a log. */
export interface TrainingPass {
  /** Number of batches trained on. */
  step: number;
  /** Loss before training and now; `null` if the objective is not a loss. */
  loss: { before: number; now: number } | null;
  /** Changes of the kernels. */
  progress: readonly WeightProgress[];
  /** Errors that the rules find now: none, or some, or some while there was none before training. */
  errors: "none" | "old" | "new";
  /** True if the network has NaN or infinite values. */
  hasNonFinite: boolean;
}

/** Loss below this share of that before training: the network learns. */
export const LEARNS = 0.9;

/**
 * Measures the distance that each kernel has moved.
 *
 * @param start Measurements before the first step.
 * @param context The latest update of each weight, by name, as a share of its norm.
 */
export function progressOf(
  start: Measurements,
  now: Measurements,
  context: { updates: ReadonlyMap<string, number | null> },
): WeightProgress[] {
  const sizes = new Map(
    start.layers.flatMap(({ weights }) => weights).map(({ name, values }) => [name, values.rms]),
  );
  return now.layers.flatMap(({ name: layer, weights }) =>
    weights.filter((weight) => weight.trainable && isKernel(weight)).map(({ name, values }) => ({
      layer,
      weight: name,
      growth: growthOf(values, sizes.get(name) ?? 0),
      updateRatio: context.updates.get(name) ?? null,
    }))
  );
}

/** Returns the factor by which a kernel has grown: NaN if it overflowed, `null` if it was 0. */
function growthOf({ rms, nonFinite }: TensorStatistics, before: number): number | null {
  if (!(before > 0)) return null;
  return nonFinite > 0 ? NaN : rms / before;
}

/** Scores above this are those of masked keys. */
const MASKED = 1e8;

/** Returns the signals of the softmax of an attention; none for another layer. */
export function attentionSignals(
  { attention, preActivations: scores }: LayerMeasurements,
): Pick<LayerSignals, "attentionLogit" | "attentionEntropy"> {
  if (attention === undefined) return {};
  const isKnown = scores !== null && scores.nonFinite === 0 && scores.maxAbs < MASKED;
  return {
    attentionEntropy: attention.entropy,
    attentionLogit: isKnown ? scores.maxAbs : null,
  };
}

/** True if training has changed a kernel since step 0. */
export function hasMoved(progress: readonly WeightProgress[]): boolean {
  return progress.some(({ growth, updateRatio }) =>
    (growth ?? 1) !== 1 || (updateRatio ?? 0) !== 0
  );
}
