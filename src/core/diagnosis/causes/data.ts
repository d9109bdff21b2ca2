import type {
  InputMeasurements,
  LayerMeasurements,
  TargetMeasurements,
} from "../../measure/measurements.ts";
import type { Finding } from "../../rules/finding.ts";
import { absorbsInputScale } from "../../rules/network/normalizing.ts";
import { LARGE_INPUT } from "../../rules/signal/rescale_fix.ts";
import { ALIKE, APART, featureFactor, isCode } from "../../rules/statistics.ts";
import { isBias } from "../../../ground/theory/weight_kinds.ts";
import { formatNumber } from "../../../ground/words/numbers.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import type { Fix } from "../fix.ts";
import { foundBy, isConsequence, isOf } from "./shared.ts";

/** Inputs below this leave the layers almost nothing. */
const SMALL = 1 / 30;
/**
 * Features are better scaled one by one if they differ by this factor, or are this many deviations
 * from 0.
 */
const UNEVEN = 10;
/** A table has at most this many columns; of more, such as pixels, some always vary little. */
const TABLE = 64;
/** Columns of a table are better scaled one by one already from this many deviations from 0 ... */
const OFF_CENTRE = 3;
/** ... or if their deviations differ by this factor; those of columns of bytes are alike. */
const UNLIKE = 2;
/**
 * Below this share of the second moment that differs, the common part is better removed entry by
 * entry.
 */
const COMMON = 0.01;

/** Returns inputs that are empty, all alike, or of the wrong scale. */
export function inputs(patient: Patient): Suspect[] {
  const found = foundBy("input-normalized", patient);
  const { layers, batch: { perInput } } = patient.measurements;
  return perInput.flatMap((input, index): Suspect[] => {
    if (input.lookedUp || input.dtype !== "float32" || input.values.nonFinite > 0) return [];
    const front = layers.find(({ name }) => input.scaledBy?.includes(name));
    const what = front === undefined
      ? `the input "${input.name}"`
      : `the output of ${front.name} for the input "${input.name}"`;
    const isAbsorbed = front === undefined && absorbsInputScale(patient.network);
    const fault = faultOf(front ?? input, what, { isOnly: perInput.length === 1, isAbsorbed });
    if (fault === null) return [];
    return [{
      kind: "input",
      layers: front === undefined ? [] : [front.name],
      message: fault,
      states: found.filter(({ tensor }) => tensor === input.name),
      explains: isConsequence,
      fixes: front === undefined ? [normalizing(input, index)] : [{
        kind: "rebuild",
        what:
          `Check the scale of ${front.name}: its output should have a mean near 0 and a standard ` +
          `deviation near 1.`,
      }],
    }];
  });
}

/**
 * Returns the fault of an input, or of the output of the model's front layers, which the others
 * see.
 */
function faultOf(
  seen: InputMeasurements | LayerMeasurements,
  what: string,
  { isOnly, isAbsorbed }: { isOnly: boolean; isAbsorbed: boolean },
): string | null {
  const values = "values" in seen ? seen.values : seen.activations;
  if (values === null) return null;
  const { std, mean, rms, maxAbs } = values;
  if (maxAbs === 0) return `Every entry of ${what} is 0, so there is nothing to learn from.`;
  if (std === 0) {
    return `Every entry of ${what} is ${formatNumber(mean)}, so all examples are identical.`;
  }
  // One of several inputs may be the same in every example.
  const spread = isOnly ? seen.spread ?? Infinity : Infinity;
  if (spread === 0) {
    return `All examples of ${what} are identical, so there is nothing to learn from.`;
  }
  if (spread < ALIKE) {
    return `The examples of ${what} are nearly identical: only ${
      formatNumber(spread)
    } of their second ` +
      `moment differs between them.`;
  }
  const factor = "values" in seen ? featureFactor(seen) : null;
  if (factor !== null && factor > APART) {
    return `One feature of ${what} varies ${
      formatNumber(factor)
    } times as much as the others, so ` +
      `that it hides them.`;
  }
  if (isAbsorbed) return null;
  if (rms > LARGE_INPUT) {
    return `The entries of ${what} are large: their rms is ${formatNumber(rms)}, where ` +
      `normalised inputs have 1.`;
  }
  if (rms < SMALL) {
    return `The entries of ${what} are tiny: their rms is ${formatNumber(rms)}, where ` +
      `normalised inputs have 1.`;
  }
  return null;
}

/**
 * Returns a fix that normalises an input: as a whole if its features are alike, as usual for
 * pixels; each feature separately if they differ or are the columns of a table; and each entry if all
 * examples have most of it in common.
 */
export function normalizing(input: InputMeasurements, index: number): Fix {
  const { name, values: { mean, std }, spread } = input;
  if (!(std > 0)) {
    return {
      kind: "rebuild",
      what: `Check how "${name}" is made: every entry is the same.`,
    };
  }
  if (spread === 0) {
    return {
      kind: "rebuild",
      what: `Check how the batch is made: every example of "${name}" is the same.`,
    };
  }
  const each = spread != null && spread < COMMON
    ? { what: "entry" as const, axes: [0] }
    : unevenFeatures(input, "feature") ?? columns(input);
  return {
    kind: "normalize-input",
    input: name,
    index,
    mean,
    std,
    ...each === null ? {} : { each },
  };
}

/** Returns the columns of a table if they differ in mean or spread, as columns of different units do; else `null`. */
function columns(
  { features, shape }: InputMeasurements,
): { what: "feature"; axes: number[] } | null {
  if (features === undefined || shape.length !== 2) return null;
  const { count, largestStd, smallestStd, largestOffset } = features;
  const differ = (largestOffset ?? 0) > OFF_CENTRE ||
    largestStd !== null && largestStd > UNLIKE * smallestStd!;
  return count > 1 && count <= TABLE && differ ? { what: "feature", axes: [0] } : null;
}

/** Returns features that are better normalised one by one, since they differ; else `null`. */
export function unevenFeatures<Name extends "feature" | "output">(
  tensor: Pick<InputMeasurements | TargetMeasurements, "shape" | "features" | "spread" | "values">,
  what: Name,
): { what: Name; axes: number[] } | null {
  const { features, shape } = tensor;
  if (features === undefined || features.count < 2) return null;
  const { count, largestStd, smallestStd, largestOffset } = features;
  const isUneven = (featureFactor(tensor) ?? 1) > UNEVEN || (largestOffset ?? 0) > UNEVEN ||
    // With several large ones, none stands out.
    count <= TABLE && largestStd !== null && largestStd > UNEVEN ** 2 * smallestStd!;
  return isUneven ? { what, axes: shape.slice(0, -1).map((_, axis) => axis) } : null;
}

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
    const fault = targetFaultOf(target, states[0], patient);
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

function targetFaultOf(
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
