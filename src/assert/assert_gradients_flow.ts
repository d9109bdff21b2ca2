import type { CheckOptions } from "../checks/check_options.ts";
import { gradientsFlow } from "../checks/gradients_flow.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that every trainable weight has a gradient that is not all zero, and that no frozen weight
 * has one. Below a zero-initialised head, and where a residual branch ends in zeros, a gradient of 0
 * is not held against the network.
 *
 * @param measurements What `measure()` returned.
 * @param options Other thresholds, and which layers to judge.
 * @param msg Appended to the message.
 *
 * @example Assert it of a model
 * ```ts ignore
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { assertGradientsFlow } from "@gradient-health/gradient-health/assert";
 *
 * assertGradientsFlow(await measure(model, batch));
 * ```
 *
 * @throws {AssertionError} If a trainable weight has no gradient or a frozen one has.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertGradientsFlow(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(gradientsFlow, measurements, options, msg);
}
