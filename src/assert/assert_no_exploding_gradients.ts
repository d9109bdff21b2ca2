import type { CheckOptions } from "../checks/check_options.ts";
import { noExplodingGradients } from "../checks/no_exploding_gradients.ts";
import type { Measurements } from "../measure/measurements.ts";
import { assertRule } from "./assert_rule.ts";

/**
 * Asserts that the first hidden layer receives at most 1e3 times (`explodingRatio`) the signal,
 * the l2 norm of delta = dJ/dz, that the last hidden layer receives; and, if
 * `explodingGlobalNorm` is given, that the norm of all gradients together stays below it.
 *
 * @param measurements What `measure()` returned.
 * @param options Other thresholds, and which layers to judge.
 * @param msg Appended to the message.
 *
 * @example Assert it of a model
 * ```ts ignore
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { assertNoExplodingGradients } from "@gradient-health/gradient-health/assert";
 *
 * assertNoExplodingGradients(await measure(model, batch), { explodingGlobalNorm: 100 });
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
  assertRule(noExplodingGradients, measurements, options, msg);
}
