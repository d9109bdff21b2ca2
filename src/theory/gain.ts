import { activationTraits } from "../traits/activation_traits.ts";
import { requireValue, text } from "../words/requirements.ts";

/**
 * Returns the gain of an activation: sigma_w, the standard deviation of the kernel times the root
 * of its fan-in, at which a deep network passes signals on (with zero biases).
 *
 * Critical in the sense of {@linkcode criticalWeightVariance} for linear, tanh, softsign, elu (1),
 * relu, relu6 and softplus (sqrt 2) and leakyRelu (1.3546 for slope 0.3; write other slopes as
 * `leakyRelu(0.01)`). selu's gain is LeCun's 1, at which unit variance is its fixed point and
 * gradients grow by 1.035 per layer (Klambauer et al. 2017); its critical gain is 0.6905. swish,
 * gelu and mish have no critical gain; He's sqrt 2 is used. sigmoid and hardSigmoid have no useful
 * gain: at their critical 10.1 and 8.6 more than half of the entries are saturated.
 *
 * @param activation Name of the activation in TensorFlow.js.
 * @returns The gain, or `null` if the activation has none or is not known.
 *
 * @example
 * ```ts
 * import { gain } from "@gradient-health/gradient-health/theory";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(gain("relu"), Math.sqrt(2));
 * assertEquals(gain("sigmoid"), null);
 * ```
 */
export function gain(activation: string): number | null {
  requireValue("activation", activation, text);
  return activationTraits(activation)?.gain ?? null;
}
