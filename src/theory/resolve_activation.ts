import type { ActivationFunction } from "./activation_function.ts";
import { ACTIVATION_FUNCTIONS } from "./activation_functions.ts";

/**
 * The activation of a name, or the given one.
 *
 * @throws {RangeError} If the name is not known.
 */
export function resolveActivation(activation: string | ActivationFunction): ActivationFunction {
  if (typeof activation !== "string") return activation;
  if (Object.hasOwn(ACTIVATION_FUNCTIONS, activation)) return ACTIVATION_FUNCTIONS[activation];
  const known = Object.keys(ACTIVATION_FUNCTIONS).join(", ");
  throw new RangeError(`activation "${activation}" is not known; known are ${known}.`);
}
