import type { CheckOptions } from "../checks/check_options.ts";
import { inputNormalized } from "../checks/input_normalized.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that each input of real numbers is of order 1: max |x| <= 10 (`inputMax`), |mean| <= 1
 * (`inputMean`), standard deviation from 0.1 to 10 (`inputDeviationFactor`). Fails on what `report` and
 * the gate only warn of, for whoever calls it means it.
 *
 * - Definition: max |x| <= inputMax, |mean| <= inputMean, and 1 / inputDeviationFactor <= std <=
 *   inputDeviationFactor. Indices (int32, or what an embedding looks up) are not judged, nor 0/1
 *   codes for their deviation, unless the only input is all ones, nor rows of norm 1 for a small
 *   one. Where the model begins with a Rescaling or a normalisation, x is what that makes of the
 *   input.
 * - Defaults: `inputMax` 10, `inputMean` 1, `inputDeviationFactor` 10.
 * - Source: AUTOTRAINER (Zhang et al. 2021) for max |x| > 10; LeCun et al. 1998, Efficient
 *   BackProp.
 * - Misleads: All features are taken together: one of a different scale hides among many. A custom
 *   layer at the front that normalises is not known as such.
 * - False positives: Of 1600 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.2 % in the long run), and none is
 *   warned of. Their inputs are standard normal; pixels from 0 to 1 pass too.
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
