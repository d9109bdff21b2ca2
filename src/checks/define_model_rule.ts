import type { ProbeSubject } from "../probe/probe_subject.ts";
import { ignoreFinding } from "./ignore_finding.ts";
import type { Verdict } from "./judge.ts";
import type { ModelRule } from "./model_rule.ts";
import { resolveThresholds } from "./resolve_thresholds.ts";
import { selectLayers } from "./select_layers.ts";
import type { Thresholds } from "./thresholds.ts";

/** The heart of a rule over a probe: `isJudged` tells the layers that the options select. */
export type ProbeJudge<P> = (
  probe: P,
  thresholds: Thresholds,
  isJudged: (layer: string) => boolean,
) => Verdict[];

/**
 * Makes a model rule of its documentation and its judge: validates, filters and ignores.
 *
 * @param layersOf The layers that the rule can name, in their order; none where it judges the model.
 */
export function defineModelRule<P extends ProbeSubject>(
  documentation: Omit<ModelRule<P>, "check">,
  layersOf: (probe: P) => string[],
  judge: ProbeJudge<P>,
): ModelRule<P> {
  return {
    ...documentation,
    check(probe, options = {}) {
      const thresholds = resolveThresholds(options);
      const layers = [...new Set(layersOf(probe))].map((name) => ({ name }));
      const selected = new Set(selectLayers(layers, options).map(({ name }) => name));
      return judge(probe, thresholds, (layer) => selected.has(layer))
        .map((finding) => ignoreFinding({ rule: documentation.name, ...finding }, options));
    },
  };
}
