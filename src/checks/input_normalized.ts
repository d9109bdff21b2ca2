import type { InputMeasurements } from "../measure/measurements.ts";
import type { TensorStatistics } from "../measure/tensor_statistics.ts";
import { defineRule } from "./define_rule.ts";
import { falsePositives } from "./false_positives.ts";
import { formatNumber } from "./format.ts";
import type { Case, Verdict } from "./judge.ts";
import type { Rule } from "./rule.ts";
import type { Thresholds } from "./thresholds.ts";

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
      "codes for their deviation, unless the only input is all ones, nor rows of norm 1 for a small one. " +
      "Where the model begins with a Rescaling or a normalisation, x is what that makes of the input.",
    thresholds: ["inputMax", "inputMean", "inputDeviationFactor"],
    source:
      "AUTOTRAINER (Zhang et al. 2021) for max |x| > 10; LeCun et al. 1998, Efficient BackProp.",
    misleads:
      "All features are taken together: one of a different scale hides among many. A custom " +
      "layer at the front that normalises is not known as such.",
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

function judge(input: InputMeasurements, subject: Case): Verdict[] {
  const { name, dtype, lookedUp, scaledBy, values } = input;
  const { layers, batch } = subject.measurements;
  const front = layers.filter((layer) =>
    scaledBy?.includes(layer.name) && layer.activations !== null
  );
  if (front.length > 0) {
    // What it is given does not matter, only what it makes of that.
    return front.flatMap((layer) =>
      judgeValues(layer.activations!, subject, {
        of: `what ${layer.name} makes of the input "${name}"`,
        advice:
          `Look at the scale of ${layer.name}: it is to bring ${name} to mean 0 and standard ` +
          `deviation 1, or near it.`,
        mayBeCode: batch.perInput.length > 1,
      })
    );
  }
  if (dtype !== "float32" || lookedUp) return [];
  return judgeValues(values, subject, {
    of: `the input "${name}"`,
    advice: values.std > 0
      ? `Normalise ${name}: subtract the mean of each feature and divide by its standard deviation.`
      : `Look at how ${name} is made: every entry of it is ${formatNumber(values.mean)}.`,
    // One among several may be all ones: a mask, say.
    mayBeCode: batch.perInput.length > 1,
    unitRows: input.unitRows,
  });
}

/** What is judged, and what to do about it. */
interface Judged {
  /** What the figures are of. */
  of: string;
  advice: string;
  /** Whether it may be a code of ones alone. */
  mayBeCode: boolean;
  /** Whether each row has the norm 1: that is a normalisation, too. */
  unitRows?: boolean;
}

function judgeValues(
  values: TensorStatistics,
  { thresholds }: Case,
  { of, advice, mayBeCode, unitRows = false }: Judged,
): Verdict[] {
  if (values.nonFinite > 0) return [];
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
    message: `The ${what} of ${of} is ${formatNumber(measured)}; expected ${expected} ` +
      `(${threshold}).`,
    advice,
  }];
  if (values.maxAbs > inputMax) {
    return warn("inputMax", "largest |x|", values.maxAbs, `<= ${formatNumber(inputMax)}`);
  }
  if (Math.abs(values.mean) > inputMean) {
    const range = `${formatNumber(-inputMean)} .. ${formatNumber(inputMean)}`;
    return warn("inputMean", "mean", values.mean, range);
  }
  // In a 0/1 code the mean of |x| and of x squared are alike: both are the share of ones.
  const isCode = Math.abs(values.rms ** 2 - values.meanAbs) < 1e-9 && values.maxAbs === 1 &&
    (mayBeCode || values.std > 0);
  const isSmall = values.std < low && !isCode && !(unitRows && values.std > 1e-6 * values.maxAbs);
  if (!(values.std > high) && !isSmall) return [];
  const range = `${formatNumber(low)} .. ${formatNumber(high)}`;
  return warn("inputDeviationFactor", "standard deviation", values.std, range);
}
