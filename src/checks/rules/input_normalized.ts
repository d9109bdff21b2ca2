import type { InputMeasurements } from "../../measure/measurements.ts";
import { defineRule } from "../define_rule.ts";
import { falsePositives } from "../false_positives.ts";
import { formatNumber } from "../format.ts";
import type { Case, Verdict } from "../judge.ts";
import type { Rule } from "../rule.ts";
import type { Thresholds } from "../thresholds.ts";

/** The rule `input-normalized`: inputs near mean 0 and standard deviation 1. */
export const inputNormalized: Rule = defineRule(
  {
    name: "input-normalized",
    assertion: "assertInputNormalized",
    problem: "inputs that are not normalised",
    stage: "any",
    summary: "Each input of real numbers is of order 1. It only warns.",
    formula: "max |x| <= inputMax, |mean| <= inputMean, and 1 / inputDeviationFactor <= std <= " +
      "inputDeviationFactor. Indices (int32, or what an embedding looks up) are not judged, nor 0/1 " +
      "codes for their deviation, unless the only input is all ones.",
    thresholds: ["inputMax", "inputMean", "inputDeviationFactor"],
    source:
      "AUTOTRAINER (Zhang et al. 2021) for max |x| > 10; LeCun et al. 1998, Efficient BackProp.",
    misleads:
      "All features are taken together: one of a different scale hides among many. A network " +
      "that begins with a normalisation needs no normalised inputs.",
    fix: "Subtract the mean of each feature over the training set and divide by its deviation.",
    falsePositives: falsePositives(
      { draws: 1600 },
      "Their inputs are standard normal; pixels from 0 to 1 pass too.",
    ),
  },
  // The figure is the inputs', not a layer's.
  { title: "inputs", scale: "log", of: () => null },
  (subject) => subject.measurements.batch.perInput.flatMap((input) => judge(input, subject)),
);

function judge(input: InputMeasurements, { measurements, thresholds }: Case): Verdict[] {
  const { name, dtype, lookedUp, values } = input;
  if (dtype !== "float32" || lookedUp || values.nonFinite > 0) return [];
  const low = 1 / thresholds.inputDeviationFactor;
  const { inputMax, inputMean, inputDeviationFactor: high } = thresholds;
  const warn = (
    threshold: keyof Thresholds,
    what: string,
    measured: number,
    expected: string,
  ): Verdict[] => [{
    severity: "warning",
    layer: null,
    measured,
    expected,
    threshold,
    message:
      `The ${what} of the input "${name}" is ${formatNumber(measured)}; expected ${expected} ` +
      `(${threshold}).`,
    advice: `Normalise ${name}: subtract the mean of each feature and divide by its standard ` +
      `deviation.`,
  }];
  if (values.maxAbs > inputMax) {
    return warn("inputMax", "largest |x|", values.maxAbs, `<= ${formatNumber(inputMax)}`);
  }
  if (Math.abs(values.mean) > inputMean) {
    const range = `${formatNumber(-inputMean)} .. ${formatNumber(inputMean)}`;
    return warn("inputMean", "mean", values.mean, range);
  }
  // In a 0/1 code the mean of |x| and of x squared are alike: both are the share of ones.
  // One among several may be all ones: a mask, say.
  const isAlone = measurements.batch.perInput.length === 1;
  const isCode = Math.abs(values.rms ** 2 - values.meanAbs) < 1e-9 && values.maxAbs === 1 &&
    !(isAlone && values.std === 0);
  if (values.std > high || (values.std < low && !isCode)) {
    const range = `${formatNumber(low)} .. ${formatNumber(high)}`;
    const [verdict] = warn("inputDeviationFactor", "standard deviation", values.std, range);
    if (values.std > 0) return [verdict];
    const advice = `Look at how ${name} is made: every entry of it is ${
      formatNumber(values.mean)
    }.`;
    return [{ ...verdict, advice }];
  }
  return [];
}
