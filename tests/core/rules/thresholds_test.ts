import { assertEquals, assertThrows } from "@std/assert";
import { inputNormalized } from "../../../src/core/rules/data/input_normalized.ts";
import { matchesBaseline } from "../../../src/core/rules/matches_baseline.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { deadUnits } from "../../../src/core/rules/signal/dead_units.ts";
import { saturatedActivations } from "../../../src/core/rules/signal/saturated_activations.ts";
import { initialLoss } from "../../../src/core/rules/task/initial_loss.ts";
import { THRESHOLDS } from "../../../src/core/rules/register_rule.ts";
import { biasInit } from "../../../src/core/rules/weights/bias_init.ts";
import { initScale } from "../../../src/core/rules/weights/init_scale.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import {
  flat,
  makeHead,
  makeMeasurements,
  makeTarget,
  makeWeight,
  statisticsOf,
  withInput,
} from "../../networks/measurements.ts";
import { namesGivenTo } from "./names_given_to.ts";
import { type Judge, testThreshold } from "./test_threshold.ts";

Deno.test("every threshold has a testThreshold() among the tests of rules", async () => {
  const tested = await namesGivenTo("testThreshold");
  assertEquals(Object.keys(THRESHOLDS).filter((name) => !tested.includes(name)), []);
});

/** Thresholds that are shares of a whole, or of an earlier value. */
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

/** Thresholds that are factors of growth, or counts that must be at least 1. */
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

/** Thresholds of any size that are not negative. */
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

const saturated: Judge = (share, options) =>
  saturatedActivations.run(makeMeasurements([{ saturatedFraction: share }]), options);

const dead = (share: number, examples: number, options?: RuleOptions) => {
  // The units that are not always off are so half of the time, and none is always on.
  const activations = { ...flat(0.6, 640), zeroFraction: share + (1 - share) / 2 };
  const measurements = makeMeasurements([{
    activation: "relu",
    shape: [32, 1000],
    saturatedFraction: null,
    deadFraction: share,
    activations,
  }]);
  const batch = { ...measurements.batch, examples };
  return deadUnits.run({ ...measurements, batch }, options);
};

const scaled: Judge = (factor, options) => {
  const weights = [makeWeight({ values: flat(factor / Math.sqrt(20), 400) })];
  return initScale.run(makeMeasurements([{ weights }]), options);
};

testThreshold("saturatedFraction", {
  judge: saturated,
  inside: [0.5],
  outside: [0.501],
  severity: "error",
});

testThreshold("saturatedFractionWarning", {
  judge: saturated,
  inside: [0.25],
  outside: [0.251],
  severity: "warning",
});

testThreshold("minEntries", {
  judge: (entries, options) =>
    saturatedActivations.run(
      makeMeasurements([{ saturatedFraction: 0, preActivations: flat(1, entries) }]),
      options,
    ),
  inside: [8],
  outside: [7],
  severity: "note",
  loose: 1,
  indirect: true,
});

testThreshold("deadFraction", {
  judge: (share, options) => dead(share, 32, options),
  inside: [0.5],
  outside: [0.501],
  severity: "error",
  indirect: true,
});

testThreshold("deadFractionWarning", {
  judge: (share, options) => dead(share, 32, options),
  inside: [0.2],
  outside: [0.201],
  severity: "warning",
});

testThreshold("minExamples", {
  judge: (examples, options) => dead(0, examples, options),
  inside: [8],
  outside: [7],
  severity: "note",
  loose: 1,
});

testThreshold("initScaleFactor", {
  judge: scaled,
  inside: [1.999, 1 / 1.999],
  outside: [2.001, 1 / 2.001],
  severity: "warning",
});

testThreshold("initScaleError", {
  judge: scaled,
  inside: [99],
  outside: [101],
  severity: "error",
  named: "initScaleFactor",
  indirect: true,
});

testThreshold("initScaleWarning", {
  judge: scaled,
  inside: [1.399, 1 / 1.399],
  outside: [1.401, 1 / 1.401],
  severity: "warning",
});

testThreshold("biasRatio", {
  judge: (rms, options) => {
    const bias = makeWeight({ name: "dense_1/bias", shape: [20], values: flat(rms, 20) });
    const layer = { preActivations: flat(1, 640), weights: [makeWeight(), bias] };
    return biasInit.run(makeMeasurements([layer]), options);
  },
  inside: [0.0999],
  outside: [0.1001],
  severity: "warning",
});

/** A head of ten classes whose loss is this many times ln 10. */
const loss: Judge = (factor, options) => {
  const weights = [makeWeight({ name: "head/kernel", shape: [20, 10] })];
  const head = makeHead({ depth: 1, activation: "softmax", shape: [30, 10], weights });
  const measurements = makeMeasurements([], {
    layers: [head],
    objective: { name: "categoricalCrossentropy", value: factor * Math.log(10) },
  });
  const classes = Float64Array.from(
    { length: 300 },
    (_, i) => i % 10 === (i / 10 | 0) % 10 ? 1 : 0,
  );
  const batch = { ...measurements.batch, examples: 30, targets: [makeTarget(classes, 30)] };
  return initialLoss.run({ ...measurements, batch }, options);
};

const input = (values: number[], options?: RuleOptions) =>
  inputNormalized.run(withInput(statisticsOf(values)), options);

testThreshold("biasTolerance", {
  judge: (logit, options) => {
    const entries = [logit];
    const values = statisticsOf(entries);
    const bias = makeWeight({ name: "head/bias", shape: [1], values, entries });
    const weights = [makeWeight({ shape: [20, 1] }), bias];
    const head = makeHead({ depth: 1, activation: "sigmoid", weights });
    const measurements = makeMeasurements([], { layers: [head] });
    // So many examples leave nothing open of the prior.
    const examples = 1e8;
    const targets = [{ ...makeTarget(Float64Array.of(0, 1, 0, 1), 4), shape: [examples, 1] }];
    const batch = { ...measurements.batch, examples, targets };
    return biasInit.run({ ...measurements, batch }, options);
  },
  inside: [0.499, -0.499],
  outside: [0.501, -0.501],
  severity: "warning",
});

testThreshold("initialLossTolerance", {
  judge: loss,
  inside: [0.501],
  outside: [0.499],
  severity: "warning",
  indirect: true,
});

testThreshold("initialLossWarning", {
  judge: loss,
  inside: [0.801],
  outside: [0.799],
  severity: "warning",
  indirect: true,
});

testThreshold("initialLossFactor", {
  judge: loss,
  inside: [4.99],
  outside: [5.01],
  severity: "warning",
  indirect: true,
});

testThreshold("initialLossError", {
  judge: loss,
  inside: [29.9],
  outside: [30.1],
  severity: "error",
  named: "initialLossFactor",
  indirect: true,
});

testThreshold("inputMax", {
  judge: (most, options) => input([most, -most, ...Array(200).fill(0.5)], options),
  inside: [9.99],
  outside: [10.01],
  severity: "warning",
});

testThreshold("inputMean", {
  judge: (mean, options) => input([mean + 1, mean - 1], options),
  inside: [0.999, -0.999],
  outside: [1.001, -1.001],
  severity: "warning",
});

testThreshold("inputOffset", {
  judge: (mean, options) =>
    inputNormalized.run(withInput(statisticsOf([mean - 1, mean + 1])), options),
  inside: [24.9, -24.9],
  outside: [25.1, -25.1],
  severity: "error",
});

testThreshold("inputDeviationFactor", {
  judge: (deviation, options) => input([deviation, -deviation], options),
  inside: [9.99, 0.1001],
  outside: [10.01, 0.0999],
  severity: "warning",
  // No deviation is larger than the largest entry.
  options: { inputMax: 100 },
});

testThreshold("baselineFactor", {
  judge: (factor, options) =>
    matchesBaseline(makeMeasurements([{ activations: flat(1, 640) }]))
      .run(makeMeasurements([{ activations: flat(factor, 640) }]), options),
  inside: [1.999, 1 / 1.999],
  outside: [2.001, 1 / 2.001],
  severity: "error",
});

testThreshold("baselineShare", {
  judge: (share, options) =>
    matchesBaseline(makeMeasurements([{ saturatedFraction: 0.5 }]))
      .run(makeMeasurements([{ saturatedFraction: share }]), options),
  inside: [0.75, 0.25],
  outside: [0.751, 0.249],
  severity: "error",
});
