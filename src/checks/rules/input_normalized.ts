import type { InputMeasurements } from "../../measure/measurements.ts";
import type { TensorStatistics } from "../../measure/tensor_statistics.ts";
import { defineRule } from "../define_rule.ts";
import { atMost, between, type Expected } from "../expected.ts";
import { calibrated, falsePositives } from "../false_positives.ts";
import type { Case, Verdict } from "../judge.ts";
import type { Rule } from "../rule.ts";
import { figure, layerName, number, say } from "../say.ts";
import type { Sentence } from "../sentence.ts";

/** The rule `input-normalized`: inputs near mean 0 and standard deviation 1. */
export const inputNormalized: Rule = defineRule({
  name: "input-normalized",
  assertion: "assertInputNormalized",
  matcher: "toHaveNormalizedInputs",
  passes: "has normalised inputs",
  tags: ["data"],
  order: 20,
  causeOrder: 20,
  assertionFailsOnWarnings: true,
  thresholds: {
    inputMax: {
      default: 10,
      unit: "|x|",
      range: [0, Infinity],
      source: "AUTOTRAINER (Zhang et al. 2021)",
      about: "Largest |x| of an input.",
    },
    inputMean: {
      default: 1,
      unit: "|mean(x)|",
      range: [0, Infinity],
      source:
        "own: pixels from 0 to 1 pass, an offset larger than the spread of normalised data does not",
      about: "Largest |mean| of an input.",
    },
    inputOffset: {
      default: 25,
      unit: "|mean(x)| / std(x)",
      range: [0, Infinity],
      source: "calibrated on the even seeds of bench/trainability: beyond it 4 fail, 1 is slow, " +
        "1 trains; from 5 to 25 2 are slow, 2 train",
      about: "Mean of an input, relative to its deviation, above which it is an error.",
    },
    inputDeviationFactor: {
      default: 10,
      unit: "std(x), or its inverse",
      range: [1, Infinity],
      source: "own: pixels from 0 to 1 have 0.2 to 0.4",
      about: "Largest factor between an input's standard deviation and 1, up or down.",
    },
  },
  problem: "inputs that are not normalised",
  summary:
    "Each real-valued input is of order 1. The rule only warns, unless the examples are nearly " +
    "identical.",
  formula:
    "|mean| <= inputOffset std for a model's only input (an error); max |x| <= inputMax, |mean| " +
    "<= inputMean, and 1 / inputDeviationFactor <= std <= inputDeviationFactor. Indices (int32, " +
    "or what an embedding looks up) are not judged. The deviation of 0/1 codes is not judged, " +
    "unless the only input is all ones; nor is a small deviation of rows of norm 1. If the model " +
    "begins with a Rescaling or a normalisation, x is the output of that layer.",
  source:
    "AUTOTRAINER (Zhang et al. 2021) for max |x| > 10; LeCun et al. 1998, Efficient BackProp." +
    " " +
    calibrated({ fails: 4, slow: 1, trains: 1 }),
  misleads:
    "All features are taken together: one of a different scale hides among many. A custom layer " +
    "that normalises at the front is not recognised. Adam copes with most scales. It is an error " +
    "if the only input is constant, or if its mean is 25 times its deviation, so that the " +
    "examples are nearly identical.",
  fix: "Subtract the mean of each feature over the training set and divide by its standard " +
    "deviation.",
  falsePositives: falsePositives(
    { draws: 1600 },
    "Their inputs are standard normal; pixels from 0 to 1 pass too.",
  ),
  asserts:
    "that each input of real numbers is of order 1: max |x| <= 10 (`inputMax`), |mean| <= 1 " +
    "(`inputMean`), standard deviation from 0.1 to 10 (`inputDeviationFactor`). Fails where " +
    "`report` and the gate only warn.",
  fails: "inputs are not of order 1",
  throws: "If an input is not normalised.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertInputNormalized } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertInputNormalized(await measure(model, randomBatch(model)));
      model.dispose();
    `,
  },
  // The figure is the inputs', not a layer's.
  figure: { title: "inputs", scale: "log", of: () => null },
  judge: (subject) => subject.measurements.batch.perInput.flatMap((input) => judge(input, subject)),
});

function judge(
  input: InputMeasurements,
  subject: Case<Names>,
): Verdict[] {
  const { name, dtype, lookedUp, scaledBy, values } = input;
  const { layers, batch } = subject.measurements;
  const front = layers.filter((layer) =>
    scaledBy?.includes(layer.name) && layer.activations !== null
  );
  if (front.length > 0) {
    // What it is given does not matter, only what it makes of that.
    return front.flatMap((layer) =>
      judgeValues(layer.activations!, subject, {
        of: say`the output of ${layerName(layer.name)} for the input "${name}"`,
        advice: say`Check the scale of ${layerName(layer.name)}: it should bring ${name} close to
          mean 0 and standard deviation 1.`,
        mayBeCode: batch.perInput.length > 1,
      })
    );
  }
  if (dtype !== "float32" || lookedUp) return [];
  return judgeValues(values, subject, {
    of: say`the input "${name}"`,
    advice: values.std > 0
      ? say`Normalise ${name}: subtract the mean of each feature and divide by its standard deviation.`
      : say`Check how ${name} is made: every entry is ${number(values.mean)}.`,
    // One among several may be all ones: a mask, say.
    mayBeCode: batch.perInput.length > 1,
    unitRows: input.unitRows,
  });
}

/** What is judged, and what to do about it. */
interface Judged {
  /** What the figures are of. */
  of: Sentence;
  advice: Sentence;
  /** Whether it may be a code of ones alone. */
  mayBeCode: boolean;
  /** Whether each row has the norm 1: that is a normalisation, too. */
  unitRows?: boolean;
}

type Names = "inputMax" | "inputMean" | "inputOffset" | "inputDeviationFactor";

function judgeValues(
  values: TensorStatistics,
  { thresholds }: Case<Names>,
  { of, advice, mayBeCode, unitRows = false }: Judged,
): Verdict[] {
  if (values.nonFinite > 0) return [];
  const low = 1 / thresholds.inputDeviationFactor;
  const { inputMax, inputMean, inputOffset, inputDeviationFactor: high } = thresholds;
  const warn = (
    kind: string,
    threshold: string,
    what: Sentence,
    measured: number,
    expected: Expected,
  ): Verdict[] => [{
    severity: "warning",
    kind,
    layer: null,
    measured,
    expected,
    threshold,
    figures: {
      maxAbs: figure(values.maxAbs, "x"),
      mean: figure(values.mean, "x"),
      std: figure(values.std, "x"),
    },
    message: say`The ${what} of ${of} is ${
      figure(measured, "x")
    }; expected ${expected} (${threshold}).`,
    advice,
  }];
  // Examples that an offset makes alike. One input among several may be alike in all of them.
  const isConstant = values.maxAbs === 0;
  if (!mayBeCode && (isConstant || Math.abs(values.mean) > inputOffset * values.std)) {
    return offset(values, inputOffset, { of, advice });
  }
  if (values.maxAbs > inputMax) {
    return warn("large-entry", "inputMax", say`largest |x|`, values.maxAbs, atMost(inputMax));
  }
  if (Math.abs(values.mean) > inputMean) {
    return warn("mean", "inputMean", say`mean`, values.mean, between(-inputMean, inputMean));
  }
  // In a 0/1 code the mean of |x| and of x squared are alike: both are the share of ones.
  const isCode = Math.abs(values.rms ** 2 - values.meanAbs) < 1e-9 && values.maxAbs === 1 &&
    (mayBeCode || values.std > 0);
  const isSmall = values.std < low && !isCode && !(unitRows && values.std > 1e-6 * values.maxAbs);
  if (!(values.std > high) && !isSmall) return [];
  const what = say`standard deviation`;
  return warn("spread", "inputDeviationFactor", what, values.std, between(low, high));
}

function offset(
  { mean, std }: TensorStatistics,
  limit: number,
  { of, advice }: Pick<Judged, "of" | "advice">,
): Verdict[] {
  const measured = Math.abs(mean) / std;
  const figures = {
    mean: figure(mean, "x"),
    std: figure(std, "x"),
    ...std === 0 ? {} : { offset: figure(measured, "|mean(x)| / std(x)") },
  };
  const expected = atMost(limit);
  return [{
    severity: "error",
    kind: "offset",
    layer: null,
    measured: std === 0 ? std : measured,
    expected,
    threshold: "inputOffset",
    figures,
    message: std === 0
      ? say`Every entry of ${of} is ${figures.mean}, so all examples are identical.`
      : say`The mean of ${of} is ${
        figure(measured, "|mean(x)| / std(x)")
      } times its standard deviation (${figures.mean} and
        ${figures.std}), so the examples are nearly identical; expected ${expected} (inputOffset).`,
    advice,
  }];
}
