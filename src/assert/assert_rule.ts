import { AssertionError } from "@std/assert/assertion-error";
import type { CheckOptions } from "../checks/check_options.ts";
import type { Finding } from "../checks/finding.ts";
import type { Rule } from "../checks/rule.ts";
import type { Measurements } from "../measure/measurements.ts";
import { failureMessage } from "./failure_message.ts";
import { refuseUnused } from "./refuse_unused.ts";
import { ruleFigure } from "./rule_figure.ts";
import { validateMessage } from "./validate_message.ts";

/**
 * Runs a rule and throws one `AssertionError` with everything that it finds.
 *
 * @param fatal Which findings fail: errors, or warnings too for a rule that knows nothing worse.
 * @throws {AssertionError} If the rule finds something that fails.
 */
export function assertRule(
  rule: Rule,
  measurements: Measurements,
  options: CheckOptions | undefined,
  msg: string | undefined,
  fatal: readonly Finding["severity"][] = ["error"],
): void {
  validateMessage(msg);
  refuseUnused(rule, options);
  const errors = rule.check(measurements, options)
    .filter(({ severity }) => fatal.includes(severity));
  if (errors.length > 0) {
    const { layers } = measurements;
    const figure = ruleFigure(rule.figure, layers);
    const failure = { rule, subject: measurements, errors, layers, figure };
    throw new AssertionError(failureMessage(failure, msg));
  }
}
