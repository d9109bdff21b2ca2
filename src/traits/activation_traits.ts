import { ACTIVATIONS, type ActivationTraits, leakyReluTraits } from "./activations.ts";
import { requireValue, text } from "../words/requirements.ts";
import { slopeOf } from "./leaky_relu.ts";

export type { ActivationTraits };

/**
 * What is known about an activation.
 *
 * @param name Its name as measurements have it: TensorFlow.js's own, or `leakyRelu(0.01)`.
 * @returns The traits, or `null` for an activation that is not known.
 * @throws {TypeError} If the name is not a text.
 *
 * @example
 * ```ts
 * import { activationTraits } from "@gradient-health/gradient-health/traits";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(activationTraits("sigmoid")?.range, [0, 1]);
 * assertEquals(activationTraits("none"), null);
 * ```
 */
export function activationTraits(name: string): ActivationTraits | null {
  requireValue("name", name, text);
  if (Object.hasOwn(ACTIVATIONS, name)) return ACTIVATIONS[name];
  const slope = slopeOf(name);
  return slope === null ? null : leakyReluTraits(slope);
}
