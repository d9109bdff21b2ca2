import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import { assertBatchIndependence } from "./assert_batch_independence.ts";
import { assertCausal } from "./assert_causal.ts";
import { assertDependsOnInput } from "./assert_depends_on_input.ts";
import { assertGradientsMatchNumeric } from "./assert_gradients_match_numeric.ts";
import { assertLossReduction } from "./assert_loss_reduction.ts";
import { assertOverfitsBatch } from "./assert_overfits_batch.ts";
import { assertUpdateRatio } from "./assert_update_ratio.ts";
import { assertWeightsChange } from "./assert_weights_change.ts";
import { assertWeightsFrozen } from "./assert_weights_frozen.ts";

/** An assertion over a model and a batch. */
export interface ModelAssertionEntry {
  assertion: (
    model: LayersModel,
    batch: Batch,
    options: Pick<ProbeOptions, "objective" | "seed">,
  ) => Promise<void>;
  /** Whether it takes an objective. */
  takesObjective: boolean;
}

/** The assertions over a model and a batch, by the names of their rules. */
export const MODEL_ASSERTIONS: Readonly<Record<string, ModelAssertionEntry>> = {
  "input-dependence": { assertion: assertDependsOnInput, takesObjective: false },
  "batch-independence": { assertion: assertBatchIndependence, takesObjective: false },
  causality: { assertion: assertCausal, takesObjective: false },
  "loss-reduction": { assertion: assertLossReduction, takesObjective: true },
  "numeric-gradients": { assertion: assertGradientsMatchNumeric, takesObjective: true },
  "weights-change": { assertion: assertWeightsChange, takesObjective: true },
  "weights-frozen": { assertion: assertWeightsFrozen, takesObjective: true },
  "update-ratio": { assertion: assertUpdateRatio, takesObjective: true },
  "overfits-batch": { assertion: assertOverfitsBatch, takesObjective: true },
};
