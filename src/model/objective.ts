import type { Tensor } from "../engine/tensorflow.ts";
import { LOSSES, type LossName } from "../traits/losses.ts";

export { LOSSES, type LossName };

/** Names that an objective may be given by. */
export const OBJECTIVES = ["sum", ...LOSSES] as const;

/**
 * The scalar J that a pass differentiates:
 *
 * - `"sum"`: the sum of all entries of all outputs; needs no targets.
 * - the name of a loss: for each output the mean of the loss over the batch, summed over the
 *   outputs, as `model.fit` has it; needs one target per output. Losses whose names end in `FromLogits`
 *   take outputs to which no softmax or sigmoid was applied.
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
