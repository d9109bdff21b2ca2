import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { LossOptions } from "../../ground/traits/loss_traits.ts";
import { LOSSES, type LossName } from "../../ground/traits/losses.ts";
import { isLossCall, type LossCall } from "../../ground/traits/parse_loss.ts";

export const OBJECTIVES = ["sum", ...LOSSES] as const;

/**
 * Scalar J that a pass differentiates:
 *
 * - `"sum"`: the sum of all entries of all outputs; needs no targets.
 * - the name of a loss: for each output the mean of the loss over the batch, summed over the
 *   outputs, as in `model.fit`; needs one target per output. Losses whose names end in `FromLogits`
 *   take outputs to which no softmax or sigmoid was applied.
 * - a call of a loss of PyTorch with its arguments, such as `"cross_entropy(label_smoothing=0.1)"`.
 * - a function of the outputs and the targets that returns a scalar; its name is shown.
 */
export type Objective =
  | "sum"
  | LossName
  | LossCall
  | ((outputs: Tensor[], targets: Tensor[]) => Tensor);

export function isObjective(value: unknown): value is Objective {
  return typeof value === "function" || (OBJECTIVES as readonly unknown[]).includes(value) ||
    typeof value === "string" && isLossCall(value);
}

/** Loss function of TensorFlow.js. */
export type LossFunction = (targets: Tensor, outputs: Tensor) => Tensor;

/** Loss with its settings; an absent one has the default of its library. */
export interface LossSettings extends LossOptions {
  name: LossName;
}

/** Loss of each row of an output. */
export type RowLoss = (
  tf: TensorFlow,
  targets: Tensor,
  outputs: Tensor,
  settings: LossSettings,
) => Tensor;
