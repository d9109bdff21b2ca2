import type { CheckOptions } from "../checks/check_options.ts";
import { inputNormalized } from "../checks/input_normalized.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that each input of real numbers is of order 1: max |x| <= 10 (`inputMax`), |mean| <= 1
 * (`inputMean`), standard deviation from 0.1 to 10 (`inputDeviationFactor`). Fails on what `report` and
 * the gate only warn of, for whoever calls it means it.
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
 * import { assertInputNormalized } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertInputNormalized(await measure(model, randomBatch(model)));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If an input is not normalised.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertInputNormalized(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(inputNormalized, measurements, options, msg, ["error", "warning"]);
}
