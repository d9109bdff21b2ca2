import { AssertionError } from "@std/assert";
import type { CheckOptions } from "../checks/check_options.ts";
import { runChecks } from "../checks/run_checks.ts";
import type { Measurements } from "../measure/measurements.ts";
import { healthMessage } from "./health_message.ts";
import { validateMessage } from "./validate_message.ts";

/**
 * Asserts everything that one pass can tell: every rule of `RULES`. All errors are collected into one
 * message, a line for each rule; warnings do not fail.
 *
 * @param measurements What `measure()` returned.
 * @param options Other thresholds, and which layers to judge.
 * @param msg Appended to the message.
 *
 * @example Assert it of a model
 * ```ts ignore
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { assertHealthy } from "@gradient-health/gradient-health/assert";
 *
 * assertHealthy(await measure(model, batch));
 * ```
 *
 * @throws {AssertionError} If any rule finds an error.
 * @throws {TypeError} If an argument is not what it must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function assertHealthy(
  measurements: Measurements,
  options?: CheckOptions,
  msg?: string,
): void {
  validateMessage(msg);
  const errors = runChecks(measurements, options).filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new AssertionError(healthMessage(measurements, errors, msg));
}
