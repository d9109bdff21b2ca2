import type { Tensor } from "../engine/tensorflow.ts";

/** The losses of TensorFlow.js, by the names that `model.compile` knows them under. */
export const LOSSES = [
  "meanSquaredError",
  "meanAbsoluteError",
  "meanAbsolutePercentageError",
  "meanSquaredLogarithmicError",
  "squaredHinge",
  "hinge",
  "categoricalHinge",
  "logcosh",
  "categoricalCrossentropy",
  "sparseCategoricalCrossentropy",
  "binaryCrossentropy",
  "kullbackLeiblerDivergence",
  "poisson",
  "cosineProximity",
] as const;

/** Name of a loss of TensorFlow.js. */
export type LossName = typeof LOSSES[number];

/** What an objective that has a name may be called. */
export const OBJECTIVES = ["sum", ...LOSSES] as const;

/**
 * The scalar J that a pass differentiates:
 *
 * - `"sum"`: the sum of all entries of all outputs; needs no targets.
 * - the name of a loss: for each output the mean of the loss over the batch, summed over the
 *   outputs, as `model.fit` has it; needs one target per output.
 * - a function of the outputs and the targets that returns a scalar; its name is shown.
 */
export type Objective =
  | "sum"
  | LossName
  | ((outputs: Tensor[], targets: Tensor[]) => Tensor);

/** Whether a value that may be anything is an objective. */
export function isObjective(value: unknown): value is Objective {
  return typeof value === "function" || (OBJECTIVES as readonly unknown[]).includes(value);
}
