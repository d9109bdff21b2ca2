import type { CheckOptions, IgnoredLayer } from "./check_options.ts";
import type { Finding } from "./finding.ts";
import { matchesLayer } from "./select_layers.ts";

/** The finding; as a note with the reason where its layer is ignored. */
export function ignoreFinding(finding: Finding, { ignore = [] }: CheckOptions): Finding {
  if (finding.layer === null || finding.severity === "note") return finding;
  const name = finding.layer;
  const why = ignore.find((entry: IgnoredLayer) => matchesLayer(entry.layer, name));
  if (why === undefined) return finding;
  return {
    ...finding,
    severity: "note",
    message: `${finding.message} Ignored: ${why.reason}`,
  };
}
