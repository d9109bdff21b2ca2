import type { CheckOptions } from "../checks/check_options.ts";
import { gradientsFlow } from "../checks/rules/gradients_flow.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that every trainable weight has a gradient that is not all zero, and that no frozen weight
 * has one. Below a zero-initialised head, and where a residual branch ends in zeros, a gradient of 0
 * is not held against the network.
 *
 * - Definition: dJ/dw exists and max |dJ/dw| > 0 for each trainable weight; dJ/dw is absent for
 *   each frozen one, and not all are frozen. An embedding is judged by the rows that the batch
 *   looked up.
 * - Source: AllenNLP, ensure_model_can_train_save_and_load.
 * - Misleads: Below a zero-initialised head, inside a residual branch that ends in zeros, beside
 *   a matrix of zeros in a layer with several, as in LoRA, and in the recurrent kernel of a layer
 *   that ran for one step, the gradient is exactly 0 at step 0 and the network trains well: those
 *   are warnings. A bias whose delta adds up to 0, as below a difference, is only noted.
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
 * import { assertGradientsFlow } from "@gradient-health/gradient-health/assert";
 * import { assertThrows } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertGradientsFlow(await measure(model, randomBatch(model)));
 * model.dispose();
 *
 * const broken = exerciseModel({ stddev: 200 });
 * const measurements = await measure(broken, randomBatch(broken));
 * assertThrows(() => assertGradientsFlow(measurements));
 * broken.dispose();
 * ```
 *
 * @throws {AssertionError} If a trainable weight has no gradient or a frozen one has.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertGradientsFlow(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(gradientsFlow, measurements, options, msg);
}
