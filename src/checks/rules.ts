import { activationsNotSaturated } from "./activations_not_saturated.ts";
import { allFinite } from "./all_finite.ts";
import { noDeadUnits } from "./no_dead_units.ts";
import { noExplodingGradients } from "./no_exploding_gradients.ts";
import { noVanishingGradients } from "./no_vanishing_gradients.ts";
import type { Rule } from "./rule.ts";

/** Every rule that one set of measurements can tell, in the order in which findings are shown. */
export const RULES: readonly Rule[] = [
  allFinite,
  noVanishingGradients,
  noExplodingGradients,
  activationsNotSaturated,
  noDeadUnits,
];
