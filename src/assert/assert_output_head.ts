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
