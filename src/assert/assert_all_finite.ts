import type { CheckOptions } from "../checks/check_options.ts";
import { allFinite } from "../checks/all_finite.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that nothing that the pass used or computed is NaN or infinite: inputs, weights, z, a,
 * dJ/da, delta, gradients and J. The message names the layer where it begins.
 *
 * @param measurements What `measure()` returned.
 * @param options Other thresholds, and which layers to judge.
 * @param msg Appended to the message.
 *
 * @example A network that passes
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { assertAllFinite } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertAllFinite(await measure(model, randomBatch(model)));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If anything is not finite.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertAllFinite(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(allFinite, measurements, options, msg);
}
