import { failure } from "../words/failure.ts";

/** A rule threw instead of judging. The message names it, since the caller judges by many rules. */
export class RuleError extends Error {
  override name = "RuleError";
  /** Name of the rule. */
  readonly rule: string;

  /** Names the rule, and says how to go on without it. */
  constructor(rule: string, cause: unknown) {
    // A rule of this package has no slash in its name; others are their authors' to mend.
    const isOurs = !rule.includes("/");
    const wayOut = isOurs
      ? `. This is a fault of gradient-health, not of the model; ` +
        `{"rules": {"${rule}": "off"}} in the configuration leaves the rule out`
      : "";
    super(`The judge of the rule ${rule} threw: ${failure(cause)}${wayOut}`, { cause });
    this.rule = rule;
  }
}

/** True for an error of a rule, also of one that another copy of this package has made. */
export function isRuleError(error: unknown): error is RuleError {
  return error instanceof Error && error.name === "RuleError" && "rule" in error;
}
