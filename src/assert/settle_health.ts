import { dim } from "@std/fmt/colors";
import type { RunChecksOptions } from "../checks/judge_rule.ts";
import { show } from "../checks/show.ts";
import type { Fail } from "./call_site.ts";
import { healthMessage, type Illness, warningLines } from "./health_message.ts";

/** Options of `assertHealthy`. */
export interface HealthyOptions extends RunChecksOptions {
  /**
   * What fails: `"error"`, a network that is sick, each warning then being one line on stderr; or `"warning"`, one with
   * a warning too. Default: `"error"`.
   */
  failOn?: "error" | "warning";
}

/**
 * Refuses what `failOn` cannot be.
 *
 * @throws {TypeError} If it is not one of its words.
 */
export function validateFailOn(failOn: unknown): void {
  if (failOn === undefined || failOn === "error" || failOn === "warning") return;
  throw new TypeError(`options.failOn is ${show(failOn)}, expected "error" or "warning"`);
}

/**
 * Ends an assertion: throws if the network fails it, else prints a line for each warning.
 *
 * @param fail Makes the error.
 * @param illness What was found.
 * @param options What fails, and what is appended to the message.
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
