import type { CheckOptions } from "../checks/check_options.ts";
import { noVanishingGradients } from "../checks/no_vanishing_gradients.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that the first hidden layer receives at least 1e-3 (`vanishingRatio`) of the signal,
 * the l2 norm of delta = dJ/dz, that the last hidden layer receives, and that no hidden layer
 * stops it altogether.
 *
 * Weight gradients are not what is judged: with a small initialisation the activations shrink going
 * up and the deltas going down, and their product is flat over depth.
 *
 * @param measurements What `measure()` returned.
 * @param options Other thresholds, and which layers to judge.
 * @param msg Appended to the message.
 *
 * @example Assert it of a model
 * ```ts ignore
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { assertNoVanishingGradients } from "@gradient-health/gradient-health/assert";
 *
 * assertNoVanishingGradients(await measure(model, batch), { vanishingRatio: 1e-2 });
 * ```
 *
 * @throws {AssertionError} If the signal vanishes.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertNoVanishingGradients(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(noVanishingGradients, measurements, options, msg);
}
