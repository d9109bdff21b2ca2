import { AssertionError } from "@std/assert/assertion-error";
import type { RunChecksOptions } from "../checks/judge_rule.ts";
import { runChecks } from "../checks/run_checks.ts";
import type { Measurements } from "../measure/measurements.ts";
import { healthMessage } from "./health_message.ts";
import { validateMessage } from "./validate.ts";

/**
 * Asserts everything that one pass can tell: every rule of `RULES`. All errors are collected into one
 * message, a line for each rule; warnings do not fail, nor does a trained network fail
 * the rules that are made for untrained ones.
 *
 * - Definition: the number of findings of severity error is 0, over non-finite, input-normalized,
 *   gradients-flow, vanishing-gradients, exploding-gradients, gradient-ratio, gradient-balance,
 *   saturated-activations, dead-units, activation-scale, init-scale, symmetry, bias-init,
 *   initial-loss, output-head. What a rule made for untrained networks finds in a trained one is
 *   only noted.
 * - Defaults: those of each rule, in `THRESHOLDS`.
 * - Source: torch-audit, one report with every finding.
 * - Misleads: It does where one of its rules does; each one's own assertion says when. Rules that
 *   have no verdict (few examples, layers that theory does not describe) pass, with a note that
 *   only `runChecks` and the reports show; a network of which no gradient was measured fails.
 * - False positives: Of 1600 healthy networks (tanh and selu at criticality, depth 3 to 30, and He
 *   relu, depth 5; width 64, 32 examples) 0 fail (at most 0.2 % in the long run), and 93 are
 *   warned of (5.8 %). It is initial-loss that warns.
 *
 * @param measurements What `measure()` returned.
 * @param options Other thresholds, which layers to judge, and whether the network has been trained
 * (by default, whether a hidden layer has biases that are neither zero nor constant).
 * @param msg Appended to the message.
 *
 * @example A network that passes and one that does not
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { assertHealthy } from "@gradient-health/gradient-health/assert";
 * import { assertThrows } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * assertHealthy(await measure(model, randomBatch(model)));
 * model.dispose();
 *
 * const broken = exerciseModel({ stddev: 200 });
 * const measurements = await measure(broken, randomBatch(broken));
 * assertThrows(() => assertHealthy(measurements));
 * broken.dispose();
 * ```
 *
 * @throws {AssertionError} If any rule finds an error.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertHealthy(
  measurements: Measurements,
  options?: RunChecksOptions,
  msg?: string,
): void {
  validateMessage(msg);
  const errors = runChecks(measurements, options).filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new AssertionError(healthMessage(measurements, errors, msg));
}
