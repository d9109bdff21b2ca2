import { activationScale } from "./rules/activation_scale.ts";
import { saturatedActivations } from "./rules/saturated_activations.ts";
import { nonFinite } from "./rules/non_finite.ts";
import { biasInit } from "./rules/bias_init.ts";
import { gradientBalance } from "./rules/gradient_balance.ts";
import { gradientRatio } from "./rules/gradient_ratio.ts";
import { gradientsFlow } from "./rules/gradients_flow.ts";
import { initScale } from "./rules/init_scale.ts";
import { initialLoss } from "./rules/initial_loss.ts";
import { inputNormalized } from "./rules/input_normalized.ts";
import { deadUnits } from "./rules/dead_units.ts";
import { explodingGradients } from "./rules/exploding_gradients.ts";
import { vanishingGradients } from "./rules/vanishing_gradients.ts";
import { outputHead } from "./rules/output_head.ts";
import type { Rule } from "./rule.ts";
import { symmetry } from "./rules/symmetry.ts";

/**
 * Every rule that one set of measurements can tell, in the order in which findings are shown: what
 * breaks a pass first, then what goes in, the signals, the activations, the weights, the head.
 */
export const RULES: readonly Rule[] = [
  nonFinite,
  inputNormalized,
  gradientsFlow,
  vanishingGradients,
  explodingGradients,
  gradientRatio,
  gradientBalance,
  saturatedActivations,
  deadUnits,
  activationScale,
  initScale,
  symmetry,
  biasInit,
  initialLoss,
  outputHead,
];
