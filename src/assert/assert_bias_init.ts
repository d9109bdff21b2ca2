import type { CheckOptions } from "../checks/check_options.ts";
import { biasInit } from "../checks/bias_init.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that hidden biases are zero or small beside z (`biasRatio`, 0.1), and that the head's are
 * zero or the prior of the targets. Fails on what `report` and the gate only warn of, for whoever
 * calls it means it. Made for untrained networks.
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
 * import { assertBiasInit } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertBiasInit(await measure(model, randomBatch(model)));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If biases start elsewhere.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertBiasInit(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(biasInit, measurements, options, msg, ["error", "warning"]);
}
