import type { CheckOptions } from "../checks/check_options.ts";
import type { RuleDocumentation } from "../checks/rule.ts";
import { THRESHOLDS } from "../checks/thresholds.ts";

/**
 * Refuses a threshold that an assertion's rule does not read: it would be thought to have been changed.
 *
 * @throws {TypeError} If there is one; it names those that the rule reads.
 */
export function refuseUnused(
  { assertion, thresholds }: Pick<RuleDocumentation, "assertion" | "thresholds">,
  options: CheckOptions | undefined,
): void {
  const taken: readonly string[] = thresholds;
  const unused = Object.entries(options ?? {}).find(([key, value]) =>
    value !== undefined && Object.hasOwn(THRESHOLDS, key) && !taken.includes(key)
  );
  if (unused === undefined) return;
  const list = taken.length === 0 ? "no threshold" : taken.join(", ");
  throw new TypeError(
    `options.${unused[0]} is none of ${assertion}()'s thresholds; it reads ${list}.`,
  );
}
