import type { CheckOptions } from "../checks/check_options.ts";
import { gradientBalance } from "../checks/rules/gradient_balance.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that the largest and the smallest squared l2 norm of delta over the hidden layers differ by
 * at most 1000 times (`gradientBalance`) what they differ by in a critical network of that depth.
 * Judges dense and convolutional layers in a row of 64 units (`minWidth`) or more; there is no verdict
 * on others.
 *
 * - Definition: max / min over the hidden layers of l2(delta)^2, over the same of the mean-field
 *   prediction at criticality, or for kernels drawn by a normal whose tails are cut at two standard
 *   deviations, as TensorFlow.js does, which keeps 0.88 of its own; <= gradientBalance.
 * - Defaults: `gradientBalance` 1000, `minWidth` 64.
 * - Source: after SageMaker Debugger, PoorWeightInitialization; Schoenholz et al. 2017 for the
 *   prediction.
 * - Misleads: Layers below 64 units spread too much for it, and there is no verdict then. Sigmoid
 *   has no critical network and is judged against perfect balance.
 * - False positives: Of 1600 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.2 % in the long run), and none is
 *   warned of. None of 100 relu networks of 64 units and 30 layers that TensorFlow.js's heNormal
 *   draws fails.
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
 * import { assertGradientBalance } from "@gradient-health/gradient-health/assert";
 * import { assertThrows } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ width: 64, stddev: 1 / 8 });
 * assertGradientBalance(await measure(model, randomBatch(model)));
 * model.dispose();
 *
 * const broken = exerciseModel({ width: 64, activation: "relu", stddev: 2 });
 * const measurements = await measure(broken, randomBatch(broken));
 * assertThrows(() => assertGradientBalance(measurements));
 * broken.dispose();
 * ```
 *
 * @throws {AssertionError} If the gradients are out of balance.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertGradientBalance(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(gradientBalance, measurements, options, msg);
}
