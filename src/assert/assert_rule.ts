import { AssertionError } from "@std/assert";
import type { CheckOptions } from "../checks/check_options.ts";
import type { Rule } from "../checks/rule.ts";
import type { Measurements } from "../measure/measurements.ts";
import { failureMessage } from "./failure_message.ts";

/**
 * Runs a rule and throws one `AssertionError` with every error that it finds.
 *
 * @throws {AssertionError} If the rule finds an error.
 */
export function assertRule(
  rule: Rule,
  measurements: Measurements,
  options: CheckOptions | undefined,
  msg: string | undefined,
): void {
  if (msg !== undefined && typeof msg !== "string") {
    throw new TypeError(`msg must be a string, got ${typeof msg}.`);
  }
  const errors = rule.check(measurements, options).filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    throw new AssertionError(failureMessage(rule, measurements, errors, msg));
  }
}
