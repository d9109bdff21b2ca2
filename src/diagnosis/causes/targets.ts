import { formatNumber } from "../../words/numbers.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { isOf } from "./shared.ts";

/** Targets beyond this rms are out of reach of the first steps of any usual rate. */
const FAR = 10;
/** Those below it are lost in the noise of a fresh head. */
const NEAR = 1e-2;

/** Targets whose scale a network that starts near 1 does not reach. */
export function targets({ measurements: { batch: { targets = [] } } }: Patient): Suspect[] {
  return targets.flatMap(({ name, classes, values }, index): Suspect[] => {
    const { mean, std, rms } = values;
    const isReal = classes === undefined && values.nonFinite === 0 && std > 0;
    if (!isReal || rms <= FAR && rms >= NEAR) return [];
    return [{
      kind: "targets",
      layers: [],
      message:
        `The targets of ${name} are out of scale: their rms is ${formatNumber(rms)}, while the ` +
        `outputs of a network start near 1.`,
      states: [],
      explains: isOf("exploding-gradients", "initial-loss", "saturated-activations"),
      cures: [{ kind: "normalize-targets", output: name, index, mean, std }],
    }];
  });
}
