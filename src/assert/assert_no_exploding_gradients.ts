import type { CheckOptions } from "../checks/check_options.ts";
import { explodingGradients } from "../checks/rules/exploding_gradients.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that the first hidden layer receives at most 1e3 times (`explodingRatio`) the signal,
 * the l2 norm of delta = dJ/dz, that the last hidden layer receives, and that no recurrent layer makes
 * more than that of its own signal on the way through time; and, if `explodingGlobalNorm` is given,
 * that the norm of all gradients together stays below it.
 *
 * - Definition: l2(delta) of the first hidden layer / l2(delta) of the last <= explodingRatio,
 *   over the hidden layers with a kernel (of several heads: up to the one that sends most, and
 *   over each branch by itself); l2(delta) over all steps of a recurrent layer / l2(dJ/da) of its
 *   output <= explodingRatio; and l2 of all trainable gradients <= explodingGlobalNorm.
 * - Defaults: `explodingRatio` 1000, `explodingGlobalNorm` Infinity.
 * - Source: Pascanu et al. 2013; the ratio is the inverse of the one for vanishing.
 * - Misleads: What a recurrent layer loses through time cannot be told: that the first of many
 *   steps counts for little is usual. The global norm scales with the loss, and so with the batch
 *   under the objective sum: it is off unless asked for.
 * - False positives: Of 1600 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.2 % in the long run), and none is
 *   warned of. Nor does any of 189 SimpleRNN, GRU and LSTM layers as TensorFlow.js draws them,
 *   over 5 to 200 steps.
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
 * import { assertNoExplodingGradients } from "@gradient-health/gradient-health/assert";
 * import { assertThrows } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertNoExplodingGradients(await measure(model, randomBatch(model)));
 * model.dispose();
 *
 * const broken = exerciseModel({ activation: "relu", stddev: 2 });
 * const measurements = await measure(broken, randomBatch(broken));
 * assertThrows(() => assertNoExplodingGradients(measurements));
 * broken.dispose();
 * ```
 *
 * @throws {AssertionError} If the signal explodes.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertNoExplodingGradients(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(explodingGradients, measurements, options, msg);
}
