import type { CheckOptions } from "../checks/check_options.ts";
import { initialLoss } from "../checks/initial_loss.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that the loss is at least half (`initialLossTolerance`) and at most 5 times
 * (`initialLossFactor`; squared for a squared error) what a network that knows nothing has: ln K for categorical cross-entropy over K classes, ln 2 for binary cross-entropy,
 * the variance of the targets for the mean squared error. There is no verdict on other objectives, on
 * several outputs, and below 8 examples (`minExamples`). Made for untrained networks.
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
 * import { assertInitialLoss } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const objective = "meanSquaredError";
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model, { objective });
 * assertInitialLoss(await measure(model, batch, { objective }));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If the loss is too large or too small.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertInitialLoss(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(initialLoss, measurements, options, msg);
}
