import type { Measurements } from "../measure/measurements.ts";
import { formatCount } from "../words/numbers.ts";
import { type Overview, withOverview } from "../words/overview.ts";
import type { Finding } from "./finding.ts";

/** Makes findings display themselves, one line each. */
export function shownFindings(findings: Finding[], measurements: Measurements): Finding[] {
  const given = () => ({ findings, measurements });
  return withOverview(findings, overview, { of: "findings", given });
}

function overview(findings: readonly Finding[]): Overview {
  const count = (severity: Finding["severity"]) =>
    formatCount(findings.filter((finding) => finding.severity === severity).length, severity);
  return {
    title: `${count("error")}, ${count("warning")}, ${count("note")}`,
    columns: ["severity", "rule", "layer", "finding"],
    rows: findings.map(({ severity, rule, layer, message }) => [severity, rule, layer, message]),
  };
}
