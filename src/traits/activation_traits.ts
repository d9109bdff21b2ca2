import { ACTIVATIONS, type ActivationTraits, leakyReluTraits } from "./activations.ts";
import { slopeOf } from "./leaky_relu.ts";

export type { ActivationTraits };

/**
 * What is known of an activation.
 *
 * @param name Its name as measurements have it: TensorFlow.js's own, or `leakyRelu(0.01)`.
 * @returns The traits, or `null` for an activation that is not known.
 */
export function activationTraits(name: string): ActivationTraits | null {
  if (Object.hasOwn(ACTIVATIONS, name)) return ACTIVATIONS[name];
  const slope = slopeOf(name);
  return slope === null ? null : leakyReluTraits(slope);
}
