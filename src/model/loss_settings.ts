import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { LossOptions } from "../traits/loss_traits.ts";
import type { LossName } from "../traits/losses.ts";

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
