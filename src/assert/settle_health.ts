import { dim } from "@std/fmt/colors";
import type { RunRulesOptions } from "../rules/judge_rule.ts";
import { show } from "../rules/say.ts";
import type { Fail } from "./failure_message.ts";
import { healthMessage, type Illness, warningLines } from "./health_message.ts";

/** Options of `assertHealthy`. */
export interface HealthyOptions extends RunRulesOptions {
  /**
   * Severity that fails: `"error"`, only a sick network, while warnings are printed on stderr, one
   * line each; or `"warning"`, warnings too. Default: `"error"`.
   */
  failOn?: "error" | "warning";
}

/**
 * Rejects invalid values of `failOn`.
 *
 * @throws {TypeError} If it is not one of its words.
 */
export function validateFailOn(failOn: unknown): void {
  if (failOn === undefined || failOn === "error" || failOn === "warning") return;
  throw new TypeError(`options.failOn is ${show(failOn)}, expected "error" or "warning"`);
}

/**
 * Ends an assertion: throws if the network fails it, otherwise prints a line for each warning.
 *
 * @param fail Makes the error.
 * @param illness Measurements and diagnosis.
 * @param options The severity that fails, and the text appended to the message.
 * @throws {AssertionError} If the network fails it.
 */
export function settleHealth(
  fail: Fail,
  illness: Illness,
  { failOn = "error", msg }: Pick<HealthyOptions, "failOn"> & { msg: string | undefined },
): void {
  const warnings = warningLines(illness);
  if (illness.diagnosis.verdict !== "healthy" || failOn === "warning" && warnings.length > 0) {
    throw fail(healthMessage(illness, msg));
  }
  for (const line of warnings) console.warn(dim(line));
}
