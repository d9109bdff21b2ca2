import type { CheckOptions } from "../checks/check_options.ts";
import { initScale } from "../checks/init_scale.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that each kernel of a dense or convolutional layer has a standard deviation within a factor
 * of 2 (`initScaleFactor`) of the nearest of He or LeCun (whichever its activation asks for), Glorot
 * and orthogonal initialisation. Made for untrained networks.
 *
 * @param measurements What `measure()` returned.
 * @param options Other thresholds, and which layers to judge.
 * @param msg Appended to the message.
 *
 * @example Assert it of a model
 * ```ts ignore
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { assertInitScale } from "@gradient-health/gradient-health/assert";
 *
 * assertInitScale(await measure(model, batch), { initScaleFactor: 1.4 });
 * ```
 *
 * @throws {AssertionError} If a kernel is drawn too large or too small.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertInitScale(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(initScale, measurements, options, msg);
}
