import { APART, featureFactor } from "../../checks/differences.ts";
import { formatNumber } from "../../words/numbers.ts";
import type { TargetMeasurements } from "../../measure/measurements.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { unevenFeatures } from "./inputs.ts";
import { isOf } from "./shared.ts";

/** Targets beyond this rms are out of reach of the first steps of any usual rate. */
const FAR = 10;
/** Those below it are lost in the noise of a fresh head. */
const NEAR = 1e-2;

/** Targets whose scale a network that starts near 1 does not reach, or of which one output drowns the others. */
export function targets({ measurements: { batch: { targets = [] } } }: Patient): Suspect[] {
  return targets.flatMap((target, index): Suspect[] => {
    const { name, values } = target;
    const fault = faultOf(target);
    if (fault === null) return [];
    const each = unevenFeatures(target, "output");
    return [{
      kind: "targets",
      layers: [],
      message: `${fault}.`,
      states: [],
      explains: isOf("exploding-gradients", "initial-loss", "saturated-activations"),
      cures: [{
        kind: "normalize-targets",
        output: name,
        index,
        mean: values.mean,
        std: values.std,
        ...each === null ? {} : { each },
      }],
    }];
  });
}

function faultOf(target: TargetMeasurements): string | null {
  const { name, classes, values } = target;
  const { rms, std, nonFinite, meanAbs, maxAbs } = values;
  // In a 0/1 code, of many classes for instance, the mean of |x| and of x squared are alike.
  const isCode = maxAbs === 1 && Math.abs(rms ** 2 - meanAbs) < 1e-9;
  if (classes !== undefined || nonFinite > 0 || !(std > 0) || isCode) return null;
  const factor = featureFactor(target);
  if (factor !== null && factor > APART) {
    const times = formatNumber(factor);
    return `One output of the targets of ${name} varies ${times} times as much as the others, so ` +
      `that its loss drowns theirs`;
  }
  if (rms <= FAR && rms >= NEAR) return null;
  return `The targets of ${name} are out of scale: their rms is ${formatNumber(rms)}, while the ` +
    `outputs of a network start near 1`;
}
