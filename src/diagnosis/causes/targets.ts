import { APART, featureFactor, isCode } from "../../rules/statistics.ts";
import type { Finding } from "../../rules/finding.ts";
import type { TargetMeasurements } from "../../measure/measurements.ts";
import { isBias } from "../../theory/weight_kinds.ts";
import { formatNumber } from "../../words/numbers.ts";
import type { Fix } from "../fix.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import { unevenFeatures } from "./inputs.ts";
import { foundBy, isOf } from "./shared.ts";

/** Targets beyond this rms are out of reach of the first steps at any usual rate. */
const FAR = 10;
/** Targets that vary by less are lost in the noise of a fresh head. */
const NEAR = 1e-2;
/**
 * Outputs that vary by this many times as much as the targets hide them if they are nearer to 1
 * than the targets.
 */
const DROWNED = 10;

/**
 * Returns targets whose scale a network that starts near 1 does not reach, or of which one output
 * outweighs the others.
 */
export function targets(patient: Patient): Suspect[] {
  const { measurements: { batch: { targets = [] } } } = patient;
  const stated = foundBy("target-normalized", patient);
  return targets.flatMap((target, index): Suspect[] => {
    const states = stated.filter(({ tensor }) => tensor === target.name);
    const fault = faultOf(target, states[0], patient);
    if (fault === null) return [];
    return [{
      kind: "targets",
      layers: [],
      message: `${fault}.`,
      states,
      explains: isOf("exploding-gradients", "initial-loss", "saturated-activations"),
      fixes: fixesOf(target, index, states[0], patient),
    }];
  });
}

function faultOf(
  target: TargetMeasurements,
  found: Finding | undefined,
  patient: Patient,
): string | null {
  const { name, classes, values } = target;
  const { rms, mean, std, nonFinite } = values;
  if (classes !== undefined || nonFinite > 0 || !(std > 0) || isCode(values)) return null;
  const factor = featureFactor(target);
  if (factor !== null && factor > APART) {
    const times = formatNumber(factor);
    return `One output of the targets of ${name} varies ${times} times as much as the others, so ` +
      `that its loss outweighs theirs`;
  }
  if (found?.kind === "offset") {
    return `The mean of the targets of ${name} is ${formatNumber(mean)}, ` +
      `${
        formatNumber(found.measured!)
      } of their standard deviations from that of the outputs, so ` +
      `that the mean is all there is to learn at first`;
  }
  if (found?.kind === "scale" || rms > FAR) {
    return `The targets of ${name} are out of scale: their rms is ${
      formatNumber(rms)
    }, while the ` +
      `outputs of a network start near 1`;
  }
  const outputs = patient.network.head?.layer.preActivations?.std ?? 0;
  const isDrowned = outputs > DROWNED * std && outputs < 1 / std;
  if (std >= NEAR && !isDrowned && found === undefined) return null;
  return `The targets of ${name} are out of scale: their standard deviation is ${
    formatNumber(std)
  }, while the outputs of a network start near 1`;
}

function fixesOf(
  target: TargetMeasurements,
  index: number,
  found: Finding | undefined,
  { network: { head } }: Patient,
): Fix[] {
  const { name, values: { mean, std, maxAbs } } = target;
  const fix = { kind: "normalize-targets", output: name, index } as const;
  // A sigmoid's output is never below 0, so its targets should span 0 to 1.
  if (head?.activation === "sigmoid") return [{ ...fix, mean: 0, std: maxAbs }];
  const each = unevenFeatures(target, "output");
  const bias = head?.layer.weights.find(isBias);
  const starts: Fix[] =
    found?.kind !== "offset" || head?.activation !== "linear" || bias === undefined ? [] : [{
      kind: "set-bias",
      value: Number(mean.toPrecision(4)),
      weights: [{ layer: head.layer.name, weight: bias.name }],
    }];
  return [{ ...fix, mean, std, ...each === null ? {} : { each } }, ...starts];
}
