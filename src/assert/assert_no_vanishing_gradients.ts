import type { CheckOptions } from "../checks/check_options.ts";
import { noVanishingGradients } from "../checks/no_vanishing_gradients.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that the first hidden layer receives at least 1e-3 (`vanishingRatio`) of the signal,
 * the l2 norm of delta = dJ/dz, that the last hidden layer receives, and that no hidden layer
 * stops it altogether.
 *
 * Weight gradients are not what is judged: with a small initialisation the activations shrink going
 * up and the deltas going down, and their product is flat over depth.
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
  assertRule(noVanishingGradients, measurements, options, msg);
}
