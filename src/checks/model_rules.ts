import { batchIndependence } from "./model_rules/batch_independence.ts";
import { causality } from "./model_rules/causality.ts";
import { numericGradients } from "./model_rules/numeric_gradients.ts";
import { inputDependence } from "./model_rules/input_dependence.ts";
import { lossReduction } from "./model_rules/loss_reduction.ts";
import { overfitsBatch } from "./model_rules/overfits_batch.ts";
import type { RuleDocumentation } from "./rule.ts";
import { updateRatio } from "./model_rules/update_ratio.ts";
import { weightsChange } from "./model_rules/weights_change.ts";
import { weightsFrozen } from "./model_rules/weights_frozen.ts";

/** The documentation of every rule that needs the model again, cheap ones first. */
export const MODEL_RULES: readonly RuleDocumentation[] = [
  inputDependence,
  batchIndependence,
  causality,
  lossReduction,
  numericGradients,
  weightsChange,
  weightsFrozen,
  updateRatio,
  overfitsBatch,
];
