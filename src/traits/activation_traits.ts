import { ACTIVATIONS, type ActivationTraits, leakyReluTraits, slopeOf } from "./activations.ts";
import { KERAS_ACTIVATIONS } from "./keras_activations.ts";
import { requireValue, string } from "../words/shape.ts";

export type { ActivationTraits };

/**
 * Returns the traits of an activation.
 *
 * @param name Its name in measurements: TensorFlow.js's own, Keras's in camel case, or
 * `leakyRelu(0.01)`.
 * @returns The traits, or `null` if the activation is unknown.
 * @throws {InputError} If the name is not a string.
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
  requireValue("name", name, string);
  for (const table of [ACTIVATIONS, KERAS_ACTIVATIONS]) {
    if (Object.hasOwn(table, name)) return table[name];
  }
  const slope = slopeOf(name);
  return slope === null ? null : leakyReluTraits(slope);
}

/**
 * Returns true if an activation maps each z into 0 .. 1, as a gate does: sigmoid and hardSigmoid,
 * but not softmax, whose outputs depend on one another.
 *
 * @param name Name of the activation, or `null` if there is none.
 *
 * @example
 * ```ts
 * import { isSigmoid } from "@gradient-health/gradient-health/traits";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(["sigmoid", "hardSigmoid", "softmax", null].map(isSigmoid), [true, true, false, false]);
 * ```
 */
export function isSigmoid(name: string | null): boolean {
  if (name === null) return false;
  const traits = activationTraits(name);
  return traits !== null && traits.curve !== null && traits.range[0] === 0 && traits.range[1] === 1;
}
