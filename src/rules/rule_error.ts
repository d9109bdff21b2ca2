import { failure } from "../words/failure.ts";

/**
 * Error of a rule that threw instead of judging. The message names the rule, because the caller
 * runs many.
 */
export class RuleError extends Error {
  /** Name of the class, by which {@linkcode isRuleError} knows errors of another copy. */
  override name = "RuleError";
  /** Name of the rule. */
  readonly rule: string;

  /** Creates the error. Its message names the rule and says how to continue without it. */
  constructor(rule: string, cause: unknown) {
    // Rules of this package have no slash in their names; other rules are fixed by their authors.
    const isOurs = !rule.includes("/");
    const wayOut = isOurs
      ? `. This is a fault of gradient-health, not of the model; ` +
        `{"rules": {"${rule}": "off"}} in the configuration leaves the rule out`
      : "";
    super(`The judge of the rule ${rule} threw: ${failure(cause)}${wayOut}`, { cause });
    this.rule = rule;
  }
}

/** Returns true for an error of a rule, even from another copy of this package. */
export function isRuleError(error: unknown): error is RuleError {
  return error instanceof Error && error.name === "RuleError" && "rule" in error;
}
