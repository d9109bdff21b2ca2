import { normalizesOneUnit } from "../../rules/signal/zero_gradient_cause.ts";
import { formatLayers } from "../fix_words.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import { isConsequence } from "./shared.ts";

/**
 * Returns layer normalisations over one unit, which output 0 whatever their input, so that the
 * layers behind them do not see the example.
 */
export function singleUnits({ measurements: { layers } }: Patient): Suspect[] {
  const found = layers.filter(normalizesOneUnit);
  if (found.length === 0) return [];
  const names = found.map(({ name }) => name);
  const which = formatLayers(names, layers);
  const isOne = found.length === 1;
  return [{
    kind: "single-unit",
    layers: names,
    message: `${which} ${isOne ? "normalises" : "normalise"} a single unit, which makes 0 of it: ` +
      `what follows sees nothing of the example.`,
    states: [],
    // Kernels that are fed zeros look as if they were drawn too small.
    explains: (finding) => isConsequence(finding) || finding.rule === "init-scale",
    fixes: [{
      kind: "rebuild",
      what: `Remove ${which}, or put ${isOne ? "it" : "them"} before a wider layer: of one unit ` +
        `${isOne ? "it makes" : "they make"} 0.`,
    }],
  }];
}
