import type { Finding } from "../../src/rules/finding.ts";

/** How much each finding weighs, in their order. */
export function severities(findings: readonly Pick<Finding, "severity">[]): Finding["severity"][] {
  return findings.map(({ severity }) => severity);
}

/** Severity and kind of each finding. */
export function severitiesAndKinds(
  findings: readonly Pick<Finding, "severity" | "kind">[],
): string[] {
  return findings.map(({ severity, kind }) => `${severity} ${kind}`);
}
