import { ignoreFinding } from "./ignore_finding.ts";
import type { Judge } from "./judge.ts";
import { resolveThresholds } from "./resolve_thresholds.ts";
import type { Rule, RuleDocumentation, RuleFigure } from "./rule.ts";
import { selectLayers } from "./select_layers.ts";
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
        .map((finding) => ignoreFinding({ rule: documentation.name, ...finding }, options));
    },
  };
}
