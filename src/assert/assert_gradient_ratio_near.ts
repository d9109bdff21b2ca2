import type { CheckOptions } from "../checks/check_options.ts";
import { gradientRatioNear } from "../checks/gradient_ratio_near.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that from each hidden layer to the one below it the squared l2 norm of delta changes by the
 * factor chi = sigma_w^2 E[phi'(z)^2] of mean-field theory, but for a factor of 2 (`gradientRatioFactor`),
 * or of 2^sqrt(128 / units) in layers of fewer than 128. Judges dense and convolutional layers in a row of
 * 64 units (`minWidth`) or more; there is no verdict on others.
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
 * import { assertGradientRatioNear } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ width: 64, stddev: 1 / 8 });
 * assertGradientRatioNear(await measure(model, randomBatch(model)));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If a ratio is off.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertGradientRatioNear(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(gradientRatioNear, measurements, options, msg);
}
