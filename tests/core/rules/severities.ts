import type { Finding } from "../../../src/core/rules/finding.ts";

/** Returns the severities of the findings, in their order. */
export function severities(findings: readonly Pick<Finding, "severity">[]): Finding["severity"][] {
  return findings.map(({ severity }) => severity);
}

/** Severity and kind of each finding. */
export function severitiesAndKinds(
  findings: readonly Pick<Finding, "severity" | "kind">[],
): string[] {
  return findings.map(({ severity, kind }) => `${severity} ${kind}`);
}
