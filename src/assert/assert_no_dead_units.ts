import type { CheckOptions } from "../checks/check_options.ts";
import { noDeadUnits } from "../checks/no_dead_units.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that no layer with a one-sided activation (relu and its like) has more than half
 * (`deadFraction`) of its units off on every example of the batch, or all of them. Below 8
 * examples (`minExamples`) there is no verdict, and the assertion passes.
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
 * import { assertNoDeadUnits } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertNoDeadUnits(await measure(model, randomBatch(model)));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If a layer has too many dead units.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertNoDeadUnits(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(noDeadUnits, measurements, options, msg);
}
