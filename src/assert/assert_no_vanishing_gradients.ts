import type { CheckOptions } from "../checks/check_options.ts";
import { vanishingGradients } from "../checks/rules/vanishing_gradients.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that the first hidden layer receives at least 1e-3 (`vanishingRatio`) of the signal,
 * the l2 norm of delta = dJ/dz, that the last hidden layer receives, and that no layer stops it
 * altogether.
 *
 * Weight gradients are not what is judged: with a small initialisation the activations shrink going
 * up and the deltas going down, and their product is flat over depth.
 *
 * - Definition: l2(delta) of the first hidden layer / l2(delta) of the last >= vanishingRatio,
 *   delta = dJ/dz, over the hidden layers with a kernel (of several heads: up to the one that
 *   sends most, and over each branch by itself); and no hidden layer's delta is all zero while a
 *   gradient reaches that layer or a later one; and no head shuts it out, as a softmax does that
 *   is certain for every example.
 * - Defaults: `vanishingRatio` 0.001, `vanishingFloor` 1e-7.
 * - Source: Glorot & Bengio 2010; the ratio after AUTOTRAINER (Zhang et al. 2021). Weight
 *   gradients cannot see it: with small kernels the activations shrink going up as the deltas
 *   shrink going down, and their product stays flat.
 * - Misleads: A zero-initialised head sends nothing down at step 0 and trains well: that is a
 *   warning. A softmax head under the objective sum has no gradient at all: measure a loss.
 *   Averaging pools divide the norm by the root of the positions they average.
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
 * import { assertNoVanishingGradients } from "@gradient-health/gradient-health/assert";
 * import { assertThrows } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertNoVanishingGradients(await measure(model, randomBatch(model)));
 * model.dispose();
 *
 * const broken = exerciseModel({ activation: "sigmoid", stddev: 0.2 });
 * const measurements = await measure(broken, randomBatch(broken));
 * assertThrows(() => assertNoVanishingGradients(measurements));
 * broken.dispose();
 * ```
 *
 * @throws {AssertionError} If the signal vanishes.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertNoVanishingGradients(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(vanishingGradients, measurements, options, msg);
}
