import type { CheckOptions } from "../checks/check_options.ts";
import { noDeadUnits } from "../checks/no_dead_units.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that no layer with a one-sided activation (relu and its like) has more than half
 * (`deadFraction`) of its units off on every example of the batch, but for those that alike
 * examples or depth explain, or all of them. Below 8 examples (`minExamples`) there is no verdict, and
 * the assertion passes.
 *
 * - Definition: share <= deadFraction + e, and share < 1, share that of the units (last axis;
 *   channels of a convolution) with phi'(z) = 0 at every entry of the batch. In an untrained relu
 *   or relu6 layer (biases that are constant and not negative, a kernel whose mean is 0 but for
 *   chance) alike examples leave as many units always on as always off: e is the share always on,
 *   share - (2 off - 1) with off the share of the entries that are off, and 3 / sqrt(units), three
 *   standard deviations of chance, stands for deadFraction where that is less. In other dense relu
 *   layers in a row e is (1 - deadFraction) times the share that wide ones have at that depth on
 *   so many examples; else 0.
 * - Defaults: `deadFraction` 0.5, `deadFractionWarning` 0.2, `minExamples` 8.
 * - Source: SageMaker Debugger, DeadRelu (> 50 %); torchdiag (> 20 %); Cho & Saul 2009 for the
 *   share that depth explains; own, by symmetry, for what alike examples explain.
 * - Misleads: Below 8 examples there is no verdict: half of the healthy ReLU units are off on any
 *   one example. In a trained network it is a warning at most, and on random inputs a note. A
 *   trained network on a batch of near-equal examples, and narrow layers of such a network, show
 *   more dead units than a larger, more varied batch would. A trained network without biases is
 *   taken for an untrained one.
 * - False positives: Of 1600 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.2 % in the long run), and none is
 *   warned of. Deep relu networks of 64 units never fail either: of 100 each none with 10 layers
 *   is warned of, 1 with 20 and 2 with 30; nor is any of 100 with 5 layers of 20 units.
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
 * import { assertNoDeadUnits } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertNoDeadUnits(await measure(model, randomBatch(model)));
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If a layer has too many dead units.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertNoDeadUnits(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(noDeadUnits, measurements, options, msg);
}
