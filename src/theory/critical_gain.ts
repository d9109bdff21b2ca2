import { activationTraits } from "../traits/activation_traits.ts";
import { requireValue, text } from "../words/requirements.ts";

/**
 * The sigma_w at which chi tends to 1 with zero biases: {@linkcode gain}, but for selu. That one has two
 * scales at which deep networks train: LeCun's 1, at which unit variance is the fixed point and gradients
 * grow by 1.035 a layer, and 0.6905, at which neither grows nor shrinks but by the depth's own drift.
 *
 * @param activation Name of an activation as TensorFlow.js spells it.
 * @returns The gain, or `null` for an activation that has none or is not known.
 *
 * @example
 * ```ts
 * import { criticalGain, gain } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * assertEquals(criticalGain("relu"), gain("relu"));
 * assertAlmostEquals(criticalGain("selu")!, 0.6905, 1e-4);
 * ```
 */
export function criticalGain(activation: string): number | null {
  requireValue("activation", activation, text);
  return activationTraits(activation)?.criticalGain ?? null;
}
