import { batchIndependence } from "./batch_independence.ts";
import { causality } from "./causality.ts";
import { gradientsMatchNumeric } from "./gradients_match_numeric.ts";
import { inputDependence } from "./input_dependence.ts";
import { lossReduction } from "./loss_reduction.ts";
import { overfitsBatch } from "./overfits_batch.ts";
import type { RuleDocumentation } from "./rule.ts";
import { updateRatio } from "./update_ratio.ts";
import { weightsChange } from "./weights_change.ts";
import { weightsFrozen } from "./weights_frozen.ts";

/** The documentation of every rule that needs the model again, cheap ones first. */
export const MODEL_RULES: readonly RuleDocumentation[] = [
  inputDependence,
  batchIndependence,
  causality,
  lossReduction,
  gradientsMatchNumeric,
  weightsChange,
  weightsFrozen,
  updateRatio,
  overfitsBatch,
];
