import { formatLayers } from "../fix_words.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import { isConsequence } from "./shared.ts";

/**
 * Returns moving statistics that do not fit the batch: inference then computes values that no
 * training step has seen.
 */
export function coldStatistics({ network, measurements: { layers } }: Patient): Suspect[] {
  const names = network.cold.map(({ name }) => name);
  if (names.length === 0) return [];
  const which = formatLayers(names, layers);
  return [{
    kind: "cold-statistics",
    layers: names,
    message:
      `The moving statistics of ${which} are not warm yet, or those of other data: they do ` +
      `not normalise this batch, so that what is measured in inference is not what training sees.`,
    states: [],
    explains: isConsequence,
    fixes: [{
      kind: "rebuild",
      what: `Train for more steps, lower the momentum of ${which} (0.9 is warm after some 50 ` +
        `steps, 0.999 after some 5000), or measure with batchNormalization: "training".`,
    }],
  }];
}
