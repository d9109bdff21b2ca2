import type { CheckOptions } from "../checks/check_options.ts";
import { activationScale } from "../checks/rules/activation_scale.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that the standard deviation of each hidden layer's activations is within a factor of 2
 * (`activationScaleFactor`) of the mean-field prediction of a critical network of that depth and those
 * activations, or as near as layers so narrow come by chance; or of `activationTarget`, if given.
 * Judges dense and convolutional layers in a row, on 8 examples (`minExamples`) or more; there is no
 * verdict on others.
 *
 * - Definition: low / f <= std(a) <= high f, std over units and examples; low and high are the
 *   mean-field prediction at criticality for the measured inputs, alike but for selu, which has
 *   two critical scales (sigma_w 1 and 0.69), and for kernels drawn by a normal whose tails are
 *   cut at two standard deviations, as TensorFlow.js does, which keeps 0.88 of its own; f is
 *   activationScaleFactor or, where layers of that width wander further, exp(3 s), s the standard
 *   deviation of ln rms(a) over draws; or low and high are activationTarget, where that is not 0,
 *   and f is activationScaleFactor. It only warns where He, LeCun, Glorot or orthogonal kernels
 *   explain it and it is no more than 30 times too small or 10 times too large.
 * - Defaults: `activationScaleFactor` 2, `activationTarget` 0, `minExamples` 8.
 * - Source: after TheDeepChecker; Poole et al. 2016 for the prediction; s after Hanin & Nica 2018;
 *   LSUV (Mishkin & Matas 2016).
 * - Misleads: A critical tanh network's activations shrink with depth, and that is healthy: hence
 *   the prediction. Glorot's scheme, the default of TensorFlow.js, takes a factor of sqrt(2) a
 *   layer from relu, which a shallow network survives. Convolutions with zero padding on small maps
 *   lose some at their borders.
 * - False positives: Of 1600 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.2 % in the long run), and none is
 *   warned of. None of 100 critical tanh networks of 20 units and 30 layers fails, and none of 100
 *   He relu networks of 64 units and 30 layers.
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
 * import { assertActivationScale } from "@gradient-health/gradient-health/assert";
 * import { assertThrows } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertActivationScale(await measure(model, randomBatch(model)));
 * model.dispose();
 *
 * const broken = exerciseModel({ stddev: 0.01 });
 * const measurements = await measure(broken, randomBatch(broken));
 * assertThrows(() => assertActivationScale(measurements));
 * broken.dispose();
 * ```
 *
 * @throws {AssertionError} If activations are too large or too small.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertActivationScale(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(activationScale, measurements, options, msg);
}
