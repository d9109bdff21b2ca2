import type { CheckOptions } from "../checks/check_options.ts";
import { activationsNotSaturated } from "../checks/activations_not_saturated.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that no hidden layer with a bounded activation has more than half
 * (`saturatedFraction`) of its entries where |phi'(z)| < 0.06 sup |phi'|: for tanh, |a| > 0.97.
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
 * import { assertActivationsNotSaturated } from "@gradient-health/gradient-health/assert";
 * import { assertThrows } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertActivationsNotSaturated(await measure(model, randomBatch(model)));
 * model.dispose();
 *
 * const broken = exerciseModel({ stddev: 200 });
 * const measurements = await measure(broken, randomBatch(broken));
 * assertThrows(() => assertActivationsNotSaturated(measurements));
 * broken.dispose();
 * ```
 *
 * @throws {AssertionError} If a hidden layer is saturated.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertActivationsNotSaturated(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(activationsNotSaturated, measurements, options, msg);
}
