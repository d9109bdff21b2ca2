import { activationScale } from "./activation_scale.ts";
import { activationsNotSaturated } from "./activations_not_saturated.ts";
import { allFinite } from "./all_finite.ts";
import { biasInit } from "./bias_init.ts";
import { gradientBalance } from "./gradient_balance.ts";
import { gradientRatioNear } from "./gradient_ratio_near.ts";
import { gradientsFlow } from "./gradients_flow.ts";
import { initScale } from "./init_scale.ts";
import { initialLoss } from "./initial_loss.ts";
import { inputNormalized } from "./input_normalized.ts";
import { noDeadUnits } from "./no_dead_units.ts";
import { noExplodingGradients } from "./no_exploding_gradients.ts";
import { noVanishingGradients } from "./no_vanishing_gradients.ts";
import { outputHead } from "./output_head.ts";
import type { Rule } from "./rule.ts";
import { symmetryBroken } from "./symmetry_broken.ts";

/**
 * Every rule that one set of measurements can tell, in the order in which findings are shown: what
 * breaks a pass first, then what goes in, the signals, the activations, the weights, the head.
 */
export const RULES: readonly Rule[] = [
  allFinite,
  inputNormalized,
  gradientsFlow,
  noVanishingGradients,
  noExplodingGradients,
  gradientRatioNear,
  gradientBalance,
  activationsNotSaturated,
  noDeadUnits,
  activationScale,
  initScale,
  symmetryBroken,
  biasInit,
  initialLoss,
  outputHead,
];
