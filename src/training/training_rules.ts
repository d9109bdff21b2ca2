import { lossRises, notFinite, spike } from "./rules/batches.ts";
import { attentionCollapses, layerStill, unitsDying, weightsShrink } from "./rules/layers.ts";
import { notLearning, overfitting, plateau } from "./rules/learning.ts";
import { rateTooHigh } from "./rules/rates.ts";
import { rateTooLow, staleMoment } from "./rules/small_steps.ts";
import type { TrainingRule } from "./training_rule.ts";

/** All rules over trainings, in the order in which a cause is looked for. */
export const TRAINING_RULES: readonly TrainingRule[] = [
  weightsShrink,
  rateTooHigh,
  notFinite,
  spike,
  rateTooLow,
  attentionCollapses,
  lossRises,
  notLearning,
  unitsDying,
  layerStill,
  overfitting,
  plateau,
  staleMoment,
];
