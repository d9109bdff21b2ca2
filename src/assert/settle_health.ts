import { FAIL_ON } from "../diagnosis/verdict.ts";
import { oneOf, optional, requireValue } from "../words/shape.ts";
import { dim } from "@std/fmt/colors";
import type { RunRulesOptions } from "../rules/judge_rule.ts";
import type { Fail } from "./failure_message.ts";
import { healthMessage, type Illness, warningLines } from "./health_message.ts";

/** Options of `assertHealthy`. */
export interface HealthyOptions extends RunRulesOptions {
  /**
   * Mildest verdict at which the assertion fails. `"sick"`: only if the network does not train; the
   * warnings of a weak network are printed on stderr, one line each. `"weak"`: both. Default:
   * `"sick"`.
   */
  failOn?: "sick" | "weak";
}

/**
 * Rejects invalid values of `failOn`.
 *
 * @throws {InputError} If it is not one of its words.
 */
export function requireFailOn(failOn: unknown): void {
  requireValue("options.failOn", failOn, optional(oneOf(...FAIL_ON)));
}

/**
 * Ends an assertion: throws if the network fails it, otherwise prints a line for each warning.
 *
 * @param fail Makes the error.
 * @param illness Measurements and diagnosis.
 * @param options The verdict that fails, and the text appended to the message.
 * @throws {AssertionError} If the network fails it.
 */
export function settleHealth(
  fail: Fail,
  illness: Illness,
  { failOn = "sick", msg }: Pick<HealthyOptions, "failOn"> & { msg: string | undefined },
): void {
  const { verdict } = illness.diagnosis;
  const passes = verdict === "healthy" || verdict === "weak" && failOn === "sick";
  if (!passes) throw fail(healthMessage(illness, msg));
  for (const line of warningLines(illness)) console.warn(dim(line));
}
