import type { ActivationFunction } from "../traits/activation_function.ts";
import { bisect, fixedPoint } from "./fixed_point.ts";
import { gaussianMean } from "./gaussian_mean.ts";
import { resolveActivation } from "./resolve_activation.ts";
import { showValue } from "../words/show_value.ts";

/** Most that chi may be off 1 at the variance found. */
const JUMP = 0.01;

/**
 * Returns the weight variance sigma_w^2 (the variance of the kernel times its fan-in) at which
 * gradients neither vanish nor explode: chi = 1 at the variance of z to which a deep network
 * converges from 1, with that sigma_w and the given sigma_b. Uses bisection.
 *
 * @param activation Name of the activation, or the function itself.
 * @param biasVariance sigma_b^2. Default: 0.
 * @returns sigma_w^2.
 *
 * @example tanh, with and without random biases
 * ```ts
 * import { criticalWeightVariance } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(criticalWeightVariance("tanh"), 1, 1e-6);
 * assertAlmostEquals(criticalWeightVariance("tanh", 0.05), 1.761, 1e-4);
 * ```
 *
 * @throws {RangeError} If the activation is not known, the bias variance is negative or not a
 * number, or no weight variance from 1e-3 to 1e6 is critical: with zero biases, swish, gelu and
 * mish have no critical variance.
 */
export function criticalWeightVariance(
  activation: string | ActivationFunction,
  biasVariance = 0,
): number {
  if (typeof biasVariance !== "number" || !(biasVariance >= 0)) {
    throw new RangeError(
      `biasVariance is ${showValue(biasVariance)}, expected a number of at least 0`,
    );
  }
  const phi = resolveActivation(activation);
  const excess = (weightVariance: number) => {
    const variance = fixedPoint(phi, weightVariance, biasVariance);
    const slope = gaussianMean((z) => phi.derivative(z) ** 2, variance, phi);
    return weightVariance * slope - 1;
  };
  const critical = bisect(excess, 1e-3, 1e6);
  // If the fixed point jumps from 0 to infinity (swish, gelu and mish without biases), chi jumps
  // across 1 and no depth is safe.
  if (critical === null || Math.abs(excess(critical)) > JUMP) {
    throw new RangeError(
      `No weight variance from 1e-3 to 1e6 is critical under the bias variance ${biasVariance}`,
    );
  }
  return critical;
}
