import type { CheckOptions } from "../checks/check_options.ts";
import { initialLoss } from "../checks/rules/initial_loss.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that the loss is at least half (`initialLossTolerance`) and at most 5 times
 * (`initialLossFactor`; squared for a squared error) what a network that knows nothing has: ln K for
 * categorical cross-entropy over K classes, ln 2 for binary cross-entropy, the variance of the targets for
 * the mean squared error. There is no verdict on other objectives, on several outputs, and below 8
 * examples (`minExamples`). Made for untrained networks.
 *
 * - Definition: low = high = ln K for categorical cross-entropy over K classes, ln 2 for binary
 *   cross-entropy, the variance of the targets for the mean squared error; low moves to the
 *   entropy of the targets' prior, or to the loss of the head's bias alone, and high to their
 *   mean square. Fails if J < (1 - initialLossTolerance) low or J > initialLossFactor high; warns
 *   if J < (1 - initialLossWarning) low or J > (1 + initialLossTolerance) high. A mean squared
 *   error above high is a square: it fails beyond initialLossFactor^2 high, and warns beyond
 *   initialLossFactor high. Below low both shares are at least what one draw of 1000 explains by
 *   chance: tanh(3.09 / sqrt(k f - 2))^2 for k free outputs and f features, on the last axis of
 *   the inputs (at most the examples less one, and 1 for constant targets).
 * - Defaults: `initialLossTolerance` 0.5, `initialLossWarning` 0.2, `initialLossFactor` 5,
 *   `minExamples` 8.
 * - Source: Karpathy, A Recipe for Training Neural Networks: verify loss at init; neuroscope.
 * - Misleads: Made for untrained networks: a trained one loses less, and should. A head drawn by
 *   Glorot guesses with confidence and still trains well: 4 to 18 % of such networks lose more
 *   than 1.5 times ln K, which is why only a factor of 5 fails. Other losses and models with
 *   several outputs are not judged.
 * - False positives: Of 1600 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.2 % in the long run), and 93 are
 *   warned of (5.8 %). Of 300 relu networks of 64 units and 10, 20 or 30 layers 3 fail and 57 are
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
