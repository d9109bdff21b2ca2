import { inputNormalized } from "../../src/rules/data/input_normalized.ts";
import { matchesBaseline } from "../../src/rules/matches_baseline.ts";
import type { RuleOptions } from "../../src/rules/rule.ts";
import { initialLoss } from "../../src/rules/task/initial_loss.ts";
import { biasInit } from "../../src/rules/weights/bias_init.ts";
import {
  flat,
  makeHead,
  makeMeasurements,
  makeTarget,
  makeWeight,
  statisticsOf,
  withInput,
} from "../networks/measurements.ts";
import { type Judge, testThreshold } from "./test_threshold.ts";

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
