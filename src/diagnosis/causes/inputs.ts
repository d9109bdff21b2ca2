import { LARGE_INPUT } from "../../checks/rescale_advice.ts";
import { formatNumber } from "../../words/numbers.ts";
import type { InputMeasurements } from "../../measure/measurements.ts";
import type { TensorStatistics } from "../../measure/tensor_statistics.ts";
import type { Cure } from "../cure.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { foundBy, isConsequence } from "./shared.ts";

/** Below it they leave the layers next to nothing. */
const SMALL = 1 / 30;

/** Inputs that are empty, all alike, or of the wrong scale. */
export function inputs(patient: Patient): Suspect[] {
  const found = foundBy("input-normalized", patient);
  const { layers, batch: { perInput } } = patient.measurements;
  return perInput.flatMap((input, index): Suspect[] => {
    if (input.lookedUp || input.dtype !== "float32" || input.values.nonFinite > 0) return [];
    const front = layers.find(({ name }) => input.scaledBy?.includes(name));
    // What a layer at the front makes of it is what the others see.
    const seen = front?.activations ?? input.values;
    const what = front === undefined
      ? `the input "${input.name}"`
      : `the output of ${front.name} for the input "${input.name}"`;
    const fault = faultOf(seen, what);
    if (fault === null) return [];
    return [{
      kind: "input",
      layers: front === undefined ? [] : [front.name],
      message: fault,
      states: perInput.length === 1
        ? found
        : found.filter(({ message }) => message.includes(`"${input.name}"`)),
      explains: isConsequence,
      cures: front === undefined ? curesOf(input, index) : [{
        kind: "rebuild",
        what:
          `Check the scale of ${front.name}: its output should have a mean near 0 and a standard ` +
          `deviation near 1.`,
      }],
    }];
  });
}

function faultOf({ std, mean, rms, maxAbs }: TensorStatistics, what: string): string | null {
  if (maxAbs === 0) return `Every entry of ${what} is 0, so there is nothing to learn from.`;
  if (std === 0) {
    return `Every entry of ${what} is ${formatNumber(mean)}, so all examples are identical.`;
  }
  if (rms > LARGE_INPUT) {
    return `The entries of ${what} are large: their rms is ${formatNumber(rms)}, where ` +
      `normalised inputs have 1.`;
  }
  if (rms < SMALL) {
    return `The entries of ${what} are tiny: their rms is ${formatNumber(rms)}, where normalised ` +
      `inputs have 1.`;
  }
  return null;
}

function curesOf({ name, values: { mean, std } }: InputMeasurements, index: number): Cure[] {
  return std > 0
    ? [{ kind: "normalize-input", input: name, index, mean, std }]
    : [{ kind: "rebuild", what: `Check how "${name}" is made: every entry is the same.` }];
}
