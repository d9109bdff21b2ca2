import { InputError } from "../../src/words/input_error.ts";
import { runRules } from "../../src/rules/run_rules.ts";
import { makeMeasurements } from "../networks/measurements.ts";
import { assertEquals, assertThrows } from "@std/assert";

/** What is a part of a whole, or of what was there before. */
const SHARES = [
  "saturatedFraction",
  "saturatedFractionWarning",
  "deadFraction",
  "deadFractionWarning",
  "vanishingRatio",
  "vanishingRatioWarning",
  "inputSpread",
  "halfUnder",
  "alikeCosine",
  "dropoutRate",
  "dropoutKept",
];

/** What is a factor of growth, or a number of things that there has to be one of. */
const FROM_ONE = [
  "explodingRatio",
  "explodingRatioWarning",
  "gradientRatioFactor",
  "gradientBalance",
  "inputDeviationFactor",
  "inputFeatureFactor",
  "activationScaleFactor",
  "initScaleFactor",
  "initScaleError",
  "initScaleWarning",
  "initScaleCustom",
  "initialLossFactor",
  "initialLossError",
  "residualGrowth",
  "slopeDrift",
  "widthLoss",
  "learningRateFactor",
  "minExamples",
  "minEntries",
  "minWidth",
];

/** What may have any size, but no sign. */
const SIZES = [
  "inputMax",
  "inputMean",
  "inputOffset",
  "targetOffset",
  "targetOffsetWarning",
  "targetScale",
  "targetScaleWarning",
  "vanishingStep",
  "vanishingFloor",
  "explodingEntry",
  "explodingGlobalNorm",
  "activationTarget",
  "initScaleEmbedding",
  "biasRatio",
  "biasTolerance",
  "initialLossTolerance",
  "initialLossWarning",
  "penaltyGradient",
  "penaltyGradientError",
];

const ranges: [names: string[], outside: number[], expected: string][] = [
  [SHARES, [-0.01, 1.01], "a number from 0 to 1"],
  [FROM_ONE, [0.99], "a number from 1 to Infinity"],
  [SIZES, [-0.01], "a number from 0 to Infinity"],
];
for (const [names, outside, expected] of ranges) {
  Deno.test(`runRules() takes ${expected} for each threshold of which nothing else makes sense`, () => {
    for (const name of names) {
      for (const value of outside) {
        const { message } = assertThrows(
          () => runRules(makeMeasurements(), { [name]: value }),
          InputError,
        );
        assertEquals(
          message.split(",").slice(0, 2).join(),
          `options.${name} is ${value}, expected ${expected}`,
        );
      }
    }
  });
}
