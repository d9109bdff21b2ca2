import type { CheckOptions } from "../checks/check_options.ts";
import { initScale } from "../checks/rules/init_scale.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that each kernel of a dense or convolutional layer has a standard deviation within a factor
 * of 2 (`initScaleFactor`) of the nearest of He or LeCun (whichever its activation asks for), Glorot
 * and orthogonal initialisation; and so each recurrent kernel that is too large, while one that is too
 * small is warned of at most. Made for untrained networks.
 *
 * - Definition: 1 / initScaleFactor <= std(kernel) / nearest of { gain / sqrt(fan-in) (He for
 *   relu, LeCun for tanh and selu), Glorot, orthogonal times the gain, selu's critical 0.69 /
 *   sqrt(fan-in), and all between the least and the most of these } <= initScaleFactor; for a
 *   recurrent kernel nearest of { orthogonal, over all of its gates, Glorot, LeCun, He, and all
 *   between }.
 * - Defaults: `initScaleFactor` 2, `initScaleWarning` 1.4.
 * - Source: He et al. 2015; LeCun et al. 1998; Glorot & Bengio 2010; Saxe et al. 2014; the factors
 *   after neuroscope.
 * - Misleads: Made for untrained networks: training may move kernels further. A head, the end of
 *   a branch that is added to another, the recurrent kernel of a cell with gates, and a kernel
 *   whose z is made larger right after, as by sin(30 z) or in the normalisation of the next
 *   kernel, may be drawn small on purpose, so they are only judged for being large; a SimpleRNN's
 *   that is small is warned of. A kernel under a normalisation, and one of fewer than 32 entries,
 *   are not judged. TensorFlow.js draws depthwise kernels as if each output added up all
 *   channels, too small by the root of their number: what is found there is true.
 * - False positives: Of 1600 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.2 % in the long run), and none is
 *   warned of. Nor has it anything against 50 draws each of SimpleRNN, GRU and LSTM by any of the
 *   initialisers of TensorFlow.js that go by the fans.
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
 * import { assertInitScale } from "@gradient-health/gradient-health/assert";
 * import { assertThrows } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertInitScale(await measure(model, randomBatch(model)));
 * model.dispose();
 *
 * const broken = exerciseModel({ stddev: 0.01 });
 * const measurements = await measure(broken, randomBatch(broken));
 * assertThrows(() => assertInitScale(measurements));
 * broken.dispose();
 * ```
 *
 * @throws {AssertionError} If a kernel is drawn too large or too small.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertInitScale(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(initScale, measurements, options, msg);
}
