import type { CheckOptions } from "../checks/check_options.ts";
import { symmetryBroken } from "../checks/symmetry_broken.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that no hidden kernel is constant and that no two units of a hidden layer have exactly the
 * same incoming weights: units that start alike stay alike.
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
 * import { assertSymmetryBroken } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertSymmetryBroken(await measure(model, randomBatch(model)));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If units start alike.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertSymmetryBroken(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(symmetryBroken, measurements, options, msg);
}
