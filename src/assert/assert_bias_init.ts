import type { CheckOptions } from "../checks/check_options.ts";
import { biasInit } from "../checks/rules/bias_init.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that hidden biases are zero or small beside z (`biasRatio`, 0.1), and that the head's are
 * zero or the prior of the targets. Fails on what `report` and the gate only warn of, for whoever
 * calls it means it. Made for untrained networks.
 *
 * - Definition: hidden: rms(bias) / rms(z) <= biasRatio, but for one number in all biases under a
 *   sigmoid, as a gate has it; head: all 0, or each within biasTolerance of ln of the class share
 *   (softmax, up to a constant), its logit (sigmoid), or the mean of the targets (regression;
 *   tolerance in standard deviations of the targets), or of what the batch leaves open of them:
 *   the 95 % interval of a share, or of a mean.
 * - Defaults: `biasRatio` 0.1, `biasTolerance` 0.5.
 * - Source: Karpathy, A Recipe for Training Neural Networks: init well.
 * - Misleads: Made for untrained networks: training moves biases. Recurrent layers are not judged,
 *   for a forget gate's bias starts at 1.
 * - False positives: Of 1600 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.2 % in the long run), and none is
 *   warned of. Their biases are zeros.
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
 * import { assertBiasInit } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertBiasInit(await measure(model, randomBatch(model)));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If biases start elsewhere.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertBiasInit(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(biasInit, measurements, options, msg, ["error", "warning"]);
}
