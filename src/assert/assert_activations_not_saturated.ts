import type { CheckOptions } from "../checks/check_options.ts";
import { activationsNotSaturated } from "../checks/activations_not_saturated.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that no hidden layer with a bounded activation has more than half
 * (`saturatedFraction`) of its entries where |phi'(z)| < 0.06 sup |phi'|: for tanh, |a| > 0.97.
 *
 * - Definition: share of the entries with |phi'(z)| < 0.06 sup |phi'| <= saturatedFraction (tanh:
 *   |a| > 0.97; sigmoid: a < 0.015 or > 0.985).
 * - Defaults: `saturatedFraction` 0.5, `saturatedFractionWarning` 0.25, `minEntries` 8.
 * - Source: Karpathy's makemore for |a| > 0.97 of tanh, carried over to any bounded activation by
 *   its derivative; SageMaker Debugger for the share.
 * - Misleads: A trained classifier saturates its head on purpose, so an output layer only warns; in
 *   a trained network so does any layer, and on random inputs it is a note. Gates of an LSTM may
 *   stand open or shut. On one example few units make a coarse share.
 * - False positives: Of 1600 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.2 % in the long run), and none is
 *   warned of.
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
