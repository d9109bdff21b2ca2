import type { CheckOptions } from "../checks/check_options.ts";
import { matchesBaseline } from "../checks/matches_baseline.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that no layer's figure has moved by more than a factor of 2 (`baselineFactor`) from stored
 * measurements: std(a), rms(delta), the rms of weights and gradients; nor the saturated or dead share
 * by more than 0.25 (`baselineShare`). Layers are found by name; new and missing ones are no failure.
 *
 * - Definition: 1 / baselineFactor <= figure / baseline <= baselineFactor for std(a), rms(delta),
 *   and the rms of every weight and gradient; |share - baseline| <= baselineShare for the
 *   saturated and dead shares. A figure that is 0 must stay 0.
 * - Defaults: `baselineFactor` 2, `baselineShare` 0.25.
 * - Source: torch-audit.
 * - Misleads: Figures of another seed, batch or objective move without harm: store a baseline for
 *   each. Layers are found by name; new ones and missing ones are only noted. Where only softmax
 *   heads lie above under the objective sum, gradients are rounding and are passed over.
 * - False positives: None by construction: the same weights on the same batch give the same
 *   figures, bit by bit on one machine and to some 4e-7 on others.
 *
 * @param measurements What `measure()` returned.
 * @param baseline What `measure()` returned at an earlier state, on the same batch and seed.
 * @param options Other thresholds, and which layers to judge.
 * @param msg Appended to the message.
 *
 * @example A network that passes
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { assertMatchesBaseline } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * const measurements = await measure(model, randomBatch(model));
 * const stored = JSON.stringify(measurements);
 * assertMatchesBaseline(measurements, JSON.parse(stored), { baselineFactor: 1.5 });
 * model.dispose();
 * ```
 *
 * @throws {AssertionError} If a figure moved.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertMatchesBaseline(
  measurements: Measurements,
  baseline: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  assertRule(matchesBaseline(baseline), measurements, options, msg);
}
