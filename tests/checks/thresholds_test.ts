import { assertEquals } from "@std/assert";
import { activationScale } from "../../src/checks/rules/activation_scale.ts";
import { saturatedActivations } from "../../src/checks/rules/saturated_activations.ts";
import { batchIndependence } from "../../src/checks/model_rules/batch_independence.ts";
import { biasInit } from "../../src/checks/rules/bias_init.ts";
import type { CheckOptions } from "../../src/checks/check_options.ts";
import { gradientBalance } from "../../src/checks/rules/gradient_balance.ts";
import { gradientRatio } from "../../src/checks/rules/gradient_ratio.ts";
import { numericGradients } from "../../src/checks/model_rules/numeric_gradients.ts";
import { initScale } from "../../src/checks/rules/init_scale.ts";
import { initialLoss } from "../../src/checks/rules/initial_loss.ts";
import { inputNormalized } from "../../src/checks/rules/input_normalized.ts";
import { lossReduction } from "../../src/checks/model_rules/loss_reduction.ts";
import { matchesBaseline } from "../../src/checks/matches_baseline.ts";
import { deadUnits } from "../../src/checks/rules/dead_units.ts";
import { explodingGradients } from "../../src/checks/rules/exploding_gradients.ts";
import { vanishingGradients } from "../../src/checks/rules/vanishing_gradients.ts";
import { overfitsBatch } from "../../src/checks/model_rules/overfits_batch.ts";
import { THRESHOLDS } from "../../src/checks/threshold_table.ts";
import type { Thresholds } from "../../src/checks/thresholds.ts";
import { updateRatio } from "../../src/checks/model_rules/update_ratio.ts";
import type { Measurements } from "../../src/measure/measurements.ts";
import { meanField } from "../../src/theory/mean_field.ts";
import { makeTarget } from "./dense_network.ts";
import {
  flat,
  makeHead,
  makeMeasurements,
  makeWeight,
  statisticsOf,
  withInput,
} from "./make_measurements.ts";
import { makeComparison, makeStep, SUBJECT } from "./make_probes.ts";
import { type Judge, testThreshold, type ThresholdRow } from "./test_threshold.ts";
import { namesGivenTo } from "./names_given_to.ts";

/** A chain of layers whose delta has these sizes. */
const deltas = (...sizes: number[]) =>
  makeMeasurements(sizes.map((size) => ({ preActivationGradients: flat(size, 640) })));

/** Three critical layers as theory predicts them, but for the first one's figures. */
function critical(
  { delta = 1, deviation = 1, width = 128, activation = "tanh" }: {
    delta?: number;
    deviation?: number;
    width?: number;
    activation?: "tanh" | "relu";
  },
): Measurements {
  const weightVariance = activation === "relu" ? 2 : 1;
  const states = meanField(Array(3).fill({ activation, weightVariance }));
  const layers = states.map((state, i) => {
    const signal = (i === 0 ? delta : 1) * states.slice(i, -1).reduce((s, { chi }) => s * chi, 1);
    return {
      activation,
      preActivations: flat(Math.sqrt(state.preActivationVariance), width * 32),
      activations: flat(state.activationStd * (i === 0 ? deviation : 1), width * 32),
      preActivationGradients: flat(Math.sqrt(signal), width * 32),
      weights: [makeWeight({
        shape: [width, width],
        values: flat(Math.sqrt(weightVariance / width), width * width),
      })],
    };
  });
  return makeMeasurements(layers);
}

const saturated: Judge = (share, options) =>
  saturatedActivations.check(makeMeasurements([{ saturatedFraction: share }]), options);

const dead = (share: number, examples: number, options?: CheckOptions) => {
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
  return deadUnits.check({ ...measurements, batch }, options);
};

const scaled: Judge = (factor, options) => {
  const weights = [makeWeight({ values: flat(factor / Math.sqrt(20), 400) })];
  return initScale.check(makeMeasurements([{ weights }]), options);
};

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
  return initialLoss.check({ ...measurements, batch }, options);
};

const input = (values: number[], options?: CheckOptions) =>
  inputNormalized.check(withInput(statisticsOf(values)), options);

/** A gradient of 1 beside quotients that are all this. */
const quotient = (numeric: number, activation: string, options?: CheckOptions) =>
  numericGradients.check({
    ...SUBJECT,
    resolution: 1e-9,
    layers: ["Dense"],
    activations: ["Dense", activation],
    weights: [makeComparison([numeric, numeric, numeric])],
  }, options);

const updated: Judge = (logarithm, options) => {
  const step = makeStep({ meanAbsUpdate: 10 ** logarithm });
  return updateRatio.check({ ...SUBJECT, optimizer: "Adam", weights: [step] }, options);
};

/** The thresholds of the rules that share these networks. */
const ROWS: Partial<Record<keyof Thresholds, ThresholdRow>> = {
  vanishingRatio: {
    judge: (ratio, options) => vanishingGradients.check(deltas(ratio, 1), options),
    inside: [1.001e-3],
    outside: [0.999e-3],
    severity: "error",
    loose: 0,
  },
  vanishingRatioWarning: {
    judge: (ratio, options) => vanishingGradients.check(deltas(ratio, 1), options),
    inside: [1.001e-2],
    outside: [0.999e-2],
    severity: "warning",
    loose: 0,
  },
  vanishingStep: {
    judge: (step, options) => {
      const weights = [makeWeight({ values: flat(1, 400), gradients: flat(step, 400) })];
      const [first, last] = deltas(5e-3, 1).layers;
      return vanishingGradients.check(
        makeMeasurements([], { layers: [{ ...first, weights }, last] }),
        options,
      );
    },
    inside: [1.001e-2],
    outside: [0.999e-2],
    severity: "error",
    loose: 0,
    named: "vanishingRatioWarning",
  },
  vanishingFloor: {
    judge: (size, options) => {
      const weights = [makeWeight({ gradients: flat(size, 400) })];
      return vanishingGradients.check(makeMeasurements([{ weights }, {}]), options);
    },
    inside: [1.001e-7],
    outside: [0.999e-7],
    severity: "warning",
    loose: 0,
  },
  explodingRatio: {
    judge: (ratio, options) => explodingGradients.check(deltas(ratio, 1), options),
    inside: [999],
    outside: [1001],
    severity: "error",
  },
  explodingRatioWarning: {
    judge: (ratio, options) => explodingGradients.check(deltas(ratio, 1), options),
    inside: [99.9],
    outside: [100.1],
    severity: "warning",
  },
  explodingEntry: {
    judge: (size, options) => {
      const weights = [makeWeight({ gradients: flat(size, 400) })];
      const { batch, ...rest } = makeMeasurements([{ weights }]);
      const targets = [{ name: "y", shape: [32, 1], values: flat(1, 32), unitMeans: [0] }];
      return explodingGradients.check({ ...rest, batch: { ...batch, targets } }, options);
    },
    inside: [69.9],
    outside: [70.1],
    severity: "warning",
  },
  explodingGlobalNorm: {
    judge: (norm, options) => {
      const head = makeHead({ weights: [makeWeight({ gradients: flat(norm / 20, 400) })] });
      return explodingGradients.check(makeMeasurements([], { layers: [head] }), options);
    },
    inside: [99.9],
    outside: [100.1],
    severity: "error",
    options: { explodingGlobalNorm: 100 },
  },
  saturatedFraction: { judge: saturated, inside: [0.5], outside: [0.501], severity: "error" },
  saturatedFractionWarning: {
    judge: saturated,
    inside: [0.25],
    outside: [0.251],
    severity: "warning",
  },
  minEntries: {
    judge: (entries, options) =>
      saturatedActivations.check(
        makeMeasurements([{ saturatedFraction: 0, preActivations: flat(1, entries) }]),
        options,
      ),
    inside: [8],
    outside: [7],
    severity: "note",
    loose: 1,
  },
  deadFraction: {
    judge: (share, options) => dead(share, 32, options),
    inside: [0.5],
    outside: [0.501],
    severity: "error",
  },
  deadFractionWarning: {
    judge: (share, options) => dead(share, 32, options),
    inside: [0.2],
    outside: [0.201],
    severity: "warning",
  },
  minExamples: {
    judge: (examples, options) => dead(0, examples, options),
    inside: [8],
    outside: [7],
    severity: "note",
    loose: 1,
  },
  gradientRatioFactor: {
    judge: (delta, options) => gradientRatio.check(critical({ delta }), options),
    inside: [1.999, 1 / 1.999],
    outside: [2.001, 1 / 2.001],
    severity: "warning",
  },
  gradientBalance: {
    // At criticality relu has the same signal in all layers.
    judge: (delta, options) =>
      gradientBalance.check(critical({ delta, activation: "relu" }), options),
    inside: [999, 1 / 999],
    outside: [1001, 1 / 1001],
    severity: "warning",
  },
  minWidth: {
    judge: (width, options) => gradientBalance.check(critical({ width }), options),
    inside: [64],
    outside: [63],
    severity: "note",
    loose: 1,
    named: null,
  },
  activationScaleFactor: {
    judge: (deviation, options) => activationScale.check(critical({ deviation }), options),
    inside: [1.999, 1 / 1.999],
    outside: [2.001, 1 / 2.001],
    severity: "warning",
  },
  activationTarget: {
    judge: (target, options) => {
      const measurements = makeMeasurements([{ activations: flat(target, 640) }]);
      return activationScale.check(measurements, options);
    },
    inside: [1.099, 1 / 1.099],
    outside: [1.101, 1 / 1.101],
    severity: "warning",
    loose: 1.05,
    named: "activationScaleFactor",
    options: { activationTarget: 1, activationScaleFactor: 1.1 },
  },
  initScaleFactor: {
    judge: scaled,
    inside: [1.999, 1 / 1.999],
    outside: [2.001, 1 / 2.001],
    severity: "warning",
  },
  initScaleError: {
    judge: scaled,
    inside: [99],
    outside: [101],
    severity: "error",
    named: "initScaleFactor",
  },
  initScaleWarning: {
    judge: scaled,
    inside: [1.399, 1 / 1.399],
    outside: [1.401, 1 / 1.401],
    severity: "warning",
  },
  biasRatio: {
    judge: (rms, options) => {
      const bias = makeWeight({ name: "dense_1/bias", shape: [20], values: flat(rms, 20) });
      const layer = { preActivations: flat(1, 640), weights: [makeWeight(), bias] };
      return biasInit.check(makeMeasurements([layer]), options);
    },
    inside: [0.0999],
    outside: [0.1001],
    severity: "warning",
  },
  biasTolerance: {
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
      return biasInit.check({ ...measurements, batch }, options);
    },
    inside: [0.499, -0.499],
    outside: [0.501, -0.501],
    severity: "warning",
  },
  initialLossTolerance: { judge: loss, inside: [0.501], outside: [0.499], severity: "warning" },
  initialLossWarning: { judge: loss, inside: [0.801], outside: [0.799], severity: "warning" },
  initialLossFactor: { judge: loss, inside: [4.99], outside: [5.01], severity: "warning" },
  initialLossError: {
    judge: loss,
    inside: [29.9],
    outside: [30.1],
    severity: "error",
    named: "initialLossFactor",
  },
  inputMax: {
    judge: (most, options) => input([most, -most, ...Array(200).fill(0.5)], options),
    inside: [9.99],
    outside: [10.01],
    severity: "warning",
  },
  inputMean: {
    judge: (mean, options) => input([mean + 1, mean - 1], options),
    inside: [0.999, -0.999],
    outside: [1.001, -1.001],
    severity: "warning",
  },
  inputOffset: {
    judge: (mean, options) =>
      inputNormalized.check(withInput(statisticsOf([mean - 1, mean + 1])), options),
    inside: [24.9, -24.9],
    outside: [25.1, -25.1],
    severity: "error",
  },
  inputDeviationFactor: {
    judge: (deviation, options) => input([deviation, -deviation], options),
    inside: [9.99, 0.1001],
    outside: [10.01, 0.0999],
    severity: "warning",
    // No deviation is larger than the largest entry.
    options: { inputMax: 100 },
  },
  baselineFactor: {
    judge: (factor, options) =>
      matchesBaseline(makeMeasurements([{ activations: flat(1, 640) }]))
        .check(makeMeasurements([{ activations: flat(factor, 640) }]), options),
    inside: [1.999, 1 / 1.999],
    outside: [2.001, 1 / 2.001],
    severity: "error",
  },
  baselineShare: {
    judge: (share, options) =>
      matchesBaseline(makeMeasurements([{ saturatedFraction: 0.5 }]))
        .check(makeMeasurements([{ saturatedFraction: share }]), options),
    inside: [0.75, 0.25],
    outside: [0.751, 0.249],
    severity: "error",
  },
  lossReductionTolerance: {
    judge: (twice, options) => lossReduction.check({ ...SUBJECT, once: 1, twice }, options),
    inside: [1.0099, 0.9901],
    outside: [1.0101, 0.9899],
    severity: "error",
  },
  numericGradientTolerance: {
    judge: (numeric, options) => quotient(numeric, "tanh", options),
    inside: [1.00199, 0.99801],
    outside: [1.00201, 0.99799],
    severity: "error",
  },
  numericGradientKinkTolerance: {
    judge: (numeric, options) => quotient(numeric, "relu", options),
    inside: [1.0099, 0.9901],
    outside: [1.0101, 0.9899],
    severity: "error",
  },
  leakTolerance: {
    judge: (change, options) => {
      const outputs = [{ name: "y", rms: 1, rows: 4, examples: [{ example: 0, change }] }];
      return batchIndependence.check({ ...SUBJECT, outputs }, options);
    },
    inside: [0.999e-6],
    outside: [1.001e-6],
    severity: "error",
  },
  updateRatioMin: {
    judge: updated,
    inside: [-3.999],
    outside: [-4.001],
    severity: "error",
    loose: -Infinity,
  },
  updateRatioMax: { judge: updated, inside: [-1.001], outside: [-0.999], severity: "error" },
  overfitLoss: {
    judge: (least, options) =>
      overfitsBatch.check({ ...SUBJECT, optimizer: "Adam", losses: [1, least] }, options),
    inside: [0.00999],
    outside: [0.01001],
    severity: "error",
  },
  overfitSteps: {
    judge: (steps, options) => {
      const losses = [...Array(steps).fill(1), 0];
      return overfitsBatch.check({ ...SUBJECT, optimizer: "Adam", losses }, options);
    },
    inside: [500],
    outside: [501],
    severity: "error",
    named: "overfitLoss",
  },
};

for (const [name, row] of Object.entries(ROWS)) testThreshold(name as keyof Thresholds, row);

Deno.test("every threshold has a row here, or a testThreshold() in the test of its rule", async () => {
  const tested = [...Object.keys(ROWS), ...await namesGivenTo("testThreshold")];
  assertEquals(Object.keys(THRESHOLDS).filter((name) => !tested.includes(name)), []);
});
