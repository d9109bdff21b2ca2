import type { Finding } from "./finding.ts";
import type { Judge } from "./judge.ts";
import type { CheckOptions, IgnoredLayer } from "./check_options.ts";
import type { Rule, RuleDocumentation, RuleFigure } from "./rule.ts";
import { matchesLayer, selectLayers } from "./select_layers.ts";
import { resolveThresholds } from "./resolve_thresholds.ts";
import { validateMeasurements } from "./validate_measurements.ts";

/** Makes a rule of its documentation, its figure and its judge: validates, filters and ignores. */
export function defineRule(
  documentation: RuleDocumentation,
  figure: RuleFigure,
  judge: Judge,
): Rule {
  return {
    ...documentation,
    figure,
    check(measurements, options = {}) {
      validateMeasurements(measurements);
      const thresholds = resolveThresholds(options);
      const layers = selectLayers(measurements.layers, options);
      return judge({ measurements, layers, thresholds })
        .map((finding) => ignore({ rule: documentation.name, ...finding }, options));
    },
  };
}

function ignore(finding: Finding, { ignore = [] }: CheckOptions): Finding {
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
