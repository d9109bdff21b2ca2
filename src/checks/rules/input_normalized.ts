import { defineRule } from "../define_rule.ts";
import { ALIKE, APART } from "../differences.ts";
import { judgeInput } from "../judge_input.ts";
import type { Rule } from "../rule.ts";

/** The rule `input-normalized`: inputs have mean 0 and standard deviation 1, roughly. */
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
    inputSpread: {
      default: ALIKE,
      unit: "share of the second moment of x that differs between examples",
      range: [0, 1],
      source: "calibrated on the even seeds of bench/trainability: below it 4 fail, 1 is slow, " +
        "none trains; inputOffset finds 3 of these 5",
      about: "Least share of an only input's second moment that tells examples apart.",
    },
    inputFeatureFactor: {
      default: APART,
      unit: "largest std of a feature / rms of the others' std",
      range: [1, Infinity],
      source: "40 even seeds of bench/trainability (focus features): below it 12 train, 1 fails, " +
        "beyond it 8 train, 7 are slow, 12 fail; sensible inputs stay below 1.3",
      about: "Largest standard deviation of a feature relative to that of the others.",
    },
  },
  problem: "inputs that are not normalised",
  summary:
    "Each real-valued input is of order 1. The rule only warns, unless the only input is constant, " +
    "nearly the same in all examples, or far from zero (`inputOffset`).",
  formula:
    "|mean| <= inputOffset std for a model's only input (an error); max |x| <= inputMax, |mean| " +
    "<= inputMean, and 1 / inputDeviationFactor <= std <= inputDeviationFactor. Indices (int32, " +
    "or what an embedding looks up) are not judged. The deviation of 0/1 codes is not judged, " +
    "unless the only input is all ones; nor is a small deviation of rows of norm 1. At least " +
    "inputSpread of the second moment of a model's only input differs between examples (else an " +
    "error, or a warning where a later layer tells them apart), and no feature (last axis) varies " +
    "more than inputFeatureFactor times as much as the others. If the model begins with a " +
    "Rescaling or a normalisation, x is the output of that layer.",
  source:
    "AUTOTRAINER (Zhang et al. 2021) for max |x| > 10; LeCun et al. 1998, Efficient BackProp.",
  misleads:
    "Several features that are out of scale together hide one another. A feature that is small " +
    "beside the others is not reported, nor is a constant one. A custom layer that normalises at " +
    "the front is not recognised. Adam copes with most scales.",
  fix: "Subtract the mean of each feature over the training set and divide by its standard " +
    "deviation.",
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
  // The figure belongs to the inputs, not to a layer.
  figure: { title: "inputs", scale: "log", of: () => null },
  judge: (subject) =>
    subject.measurements.batch.perInput.flatMap((input) =>
      judgeInput(input, subject).map((verdict) => ({ ...verdict, tensor: input.name }))
    ),
});
