import type { CheckOptions } from "../checks/check_options.ts";
import { gradientRatio } from "../checks/rules/gradient_ratio.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that from each hidden layer to the one below it the squared l2 norm of delta changes by the
 * factor chi = sigma_w^2 E[phi'(z)^2] of mean-field theory, but for a factor of 2 (`gradientRatioFactor`),
 * or of 2^sqrt(128 / units) in layers of fewer than 128. Judges dense and convolutional layers in a row of
 * 64 units (`minWidth`) or more; there is no verdict on others.
 *
 * - Definition: 1 / f <= (l2(delta) / l2(delta above))^2 / chi <= f, f = gradientRatioFactor for
 *   layers of 128 units or more and gradientRatioFactor^sqrt(128 / units) for narrower ones; chi =
 *   sigma_w^2 E[phi'(z)^2] over z ~ N(0, mean of z^2), sigma_w the rms of the kernel above times
 *   the root of its fan-in.
 * - Defaults: `gradientRatioFactor` 2, `minWidth` 64.
 * - Source: Schoenholz et al. 2017.
 * - Misleads: chi is the mean of wide random layers: trained kernels, strong biases and inputs
 *   that are much alike leave it. Layers below 64 units spread too much and are passed over.
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
 * import { assertGradientRatioNear } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ width: 64, stddev: 1 / 8 });
 * assertGradientRatioNear(await measure(model, randomBatch(model)));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If a ratio is off.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertGradientRatioNear(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(gradientRatio, measurements, options, msg);
}
