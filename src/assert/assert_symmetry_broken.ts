import type { CheckOptions } from "../checks/check_options.ts";
import { symmetryBroken } from "../checks/symmetry_broken.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that no hidden kernel is constant and that no two units of a hidden layer have exactly the
 * same incoming weights: units that start alike stay alike.
 *
 * - Definition: std(kernel) > 0, and the number of units whose incoming weights equal those of an
 *   earlier unit is 0; for kernels with two units or more. Of the two of a recurrent cell, one will
 *   do.
 * - Source: TheDeepChecker (Ben Braiek & Khomh 2023), unbroken symmetry.
 * - Misleads: Made for untrained networks: training may switch several units off, which are alike
 *   then. A head may start at zero, for its units are told apart by the targets, and so may a
 *   branch that is added to another: they are not judged for that. What a weight of a custom layer
 *   is for nobody knows: one of zeros, a table of positions maybe, is left to gradients-flow, which
 *   sees what it stops; one of a single row scales or shifts; and another constant is only warned
 *   of.
 * - False positives: Of 1600 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.2 % in the long run), and none is
 *   warned of.
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
