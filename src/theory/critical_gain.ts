import { activationTraits } from "../traits/activation_traits.ts";
import { requireValue, text } from "../words/requirements.ts";

/**
 * Returns the sigma_w at which chi tends to 1 with zero biases. It equals {@linkcode gain}, except
 * for selu, which has two scales at which deep networks train: LeCun's 1, where unit variance is
 * the fixed point and gradients grow by 1.035 per layer, and 0.6905, where neither changes apart
 * from the drift over depth.
 *
 * @param activation Name of the activation in TensorFlow.js.
 * @returns The gain, or `null` if the activation has none or is not known.
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
