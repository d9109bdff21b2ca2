import type { CheckOptions } from "../checks/check_options.ts";
import { activationScale } from "../checks/activation_scale.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that the standard deviation of each hidden layer's activations is within a factor of 2
 * (`activationScaleFactor`) of the mean-field prediction of a critical network of that depth and those
 * activations; or of `activationTarget`, if given. Judges dense and convolutional layers in a row, on
 * 8 examples (`minExamples`) or more; there is no verdict on others.
 *
 * @param measurements What `measure()` returned.
 * @param options Other thresholds, and which layers to judge.
 * @param msg Appended to the message.
 *
 * @example A network that passes and one that does not
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { assertActivationScale } from "@gradient-health/gradient-health/assert";
 * import { assertThrows } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertActivationScale(await measure(model, randomBatch(model)));
 * model.dispose();
 *
 * const broken = exerciseModel({ stddev: 0.01 });
 * const measurements = await measure(broken, randomBatch(broken));
 * assertThrows(() => assertActivationScale(measurements));
 * broken.dispose();
 * ```
 *
 * @throws {AssertionError} If activations are too large or too small.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertActivationScale(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(activationScale, measurements, options, msg);
}
