import type { CheckOptions } from "../checks/check_options.ts";
import { outputHead } from "../checks/output_head.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that the activation and the width of the output fit the loss: softmax over two units or more
 * for categorical cross-entropy, sigmoid and targets from 0 to 1 for binary cross-entropy, no softmax
 * or sigmoid under a loss on logits, an activation that reaches the targets for regression. There is
 * no verdict on other objectives and on several heads.
 *
 * - Definition: categorical cross-entropy: softmax over 2 units or more, and targets that add up to
 *   1, or classes that are whole numbers from 0 to the number of units less 1; binary
 *   cross-entropy: sigmoid and targets from 0 to 1; before either no other activation; hinge:
 *   targets of -1 and 1, and an activation that reaches both; losses named softmaxCrossEntropy or
 *   sigmoidCrossEntropy: no activation, for they apply their own; mean squared error: an activation
 *   that reaches the targets, and no softmax.
 * - Source: UMLAUT (Schoop et al. 2021); NeuraLint (Nikanjam et al. 2021).
 * - Misleads: A loss of one's own is known by its name alone, and models with several heads are
 *   not judged. Targets that a policy gradient multiplies with what an action was worth add up to
 *   anything: of those under a softmax it only warns.
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
 * import { assertOutputHead } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const objective = "meanSquaredError";
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model, { objective });
 * assertOutputHead(await measure(model, batch, { objective }));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If head and loss do not belong together.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertOutputHead(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(outputHead, measurements, options, msg);
}
