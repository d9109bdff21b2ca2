import type { ActivationFunction } from "../traits/activation_function.ts";
import { ACTIVATION_FUNCTIONS } from "./activation_functions.ts";
import { activationTraits } from "../traits/activation_traits.ts";
import { arrayOf, callable, number, objectWith, requireValue } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";

/**
 * Returns the activation with this name, which may be `leakyRelu(0.01)`, or `null` if it is not
 * known.
 */
export function findActivation(name: string): ActivationFunction | null {
  return activationTraits(name)?.curve ?? null;
}

const functionShape = objectWith({ value: callable, derivative: callable, kinks: arrayOf(number) });

/**
 * Returns the activation with this name, or the given function.
 *
 * @throws {RangeError} If the name is not known.
 */
export function resolveActivation(activation: string | ActivationFunction): ActivationFunction {
  if (typeof activation !== "string") {
    requireValue("activation", activation, functionShape);
    return activation;
  }
  const found = findActivation(activation);
  if (found !== null) return found;
  const known = Object.keys(ACTIVATION_FUNCTIONS).join(", ");
  throw new RangeError(`activation is ${showValue(activation)}, expected ${known}`);
}
