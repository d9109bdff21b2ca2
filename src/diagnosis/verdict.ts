import { oneOf } from "../words/shape.ts";
import type { Finding } from "../rules/finding.ts";

/**
 * Verdict on a network. `sick`: it does not train as it is compiled. `changed`: it trains, but
 * figures differ from the stored baseline. `weak`: it trains, but a finding says that it is drawn or
 * set badly. `healthy`: none of these.
 */
export type Verdict = "sick" | "changed" | "weak" | "healthy";

/** Verdicts, worst first. */
export const VERDICTS: readonly Verdict[] = ["sick", "changed", "weak", "healthy"];

/** Verdicts that may be the mildest to fail a gate or an assertion. */
export const FAIL_ON = ["sick", "weak"] as const;

export const verdictShape = oneOf<Verdict>(...VERDICTS);

/**
 * Returns the verdict that causes decide: an error makes a network sick, or changed if every error
 * is a change from the baseline; a warning makes it weak.
 */
export function verdictOn(
  causes: readonly { severity: Finding["severity"]; kind: string }[],
): Verdict {
  const errors = causes.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    return errors.every(({ kind }) => kind === "baseline") ? "changed" : "sick";
  }
  return causes.some(({ severity }) => severity === "warning") ? "weak" : "healthy";
}

/** Returns true if an error decided on the verdict. */
export function isFailing(verdict: Verdict): boolean {
  return verdict === "sick" || verdict === "changed";
}
