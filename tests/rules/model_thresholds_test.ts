import type { RuleOptions } from "../../src/rules/rule.ts";
import { batchIndependence } from "../../src/rules/trained/batch_independence.ts";
import { lossReduction } from "../../src/rules/trained/loss_reduction.ts";
import { numericGradients } from "../../src/rules/trained/numeric_gradients.ts";
import { overfitsBatch } from "../../src/rules/trained/overfits_batch.ts";
import { updateRatio } from "../../src/rules/trained/update_ratio.ts";
import { makeComparison, makeStep, SUBJECT } from "../networks/probes.ts";
import { type Judge, testThreshold } from "./test_threshold.ts";

/** A gradient of 1 beside quotients that are all this. */
const quotient = (numeric: number, activation: string, options?: RuleOptions) =>
  numericGradients.run({
    ...SUBJECT,
    resolution: 1e-9,
    layers: ["Dense"],
    activations: ["Dense", activation],
    weights: [makeComparison([numeric, numeric, numeric])],
  }, options);

const updated: Judge = (logarithm, options) => {
  const step = makeStep({ meanAbsUpdate: 10 ** logarithm });
  return updateRatio.run({ ...SUBJECT, optimizer: "Adam", weights: [step] }, options);
};

testThreshold("lossReductionTolerance", {
  judge: (twice, options) => lossReduction.run({ ...SUBJECT, once: 1, twice }, options),
  inside: [1.0099, 0.9901],
  outside: [1.0101, 0.9899],
  severity: "error",
});

testThreshold("numericGradientTolerance", {
  judge: (numeric, options) => quotient(numeric, "tanh", options),
  inside: [1.00199, 0.99801],
  outside: [1.00201, 0.99799],
  severity: "error",
});

testThreshold("numericGradientKinkTolerance", {
  judge: (numeric, options) => quotient(numeric, "relu", options),
  inside: [1.0099, 0.9901],
  outside: [1.0101, 0.9899],
  severity: "error",
});

testThreshold("leakTolerance", {
  judge: (change, options) => {
    const outputs = [{ name: "y", rms: 1, rows: 4, examples: [{ example: 0, change }] }];
    return batchIndependence.run({ ...SUBJECT, outputs }, options);
  },
  inside: [0.999e-6],
  outside: [1.001e-6],
  severity: "error",
});

testThreshold("updateRatioMin", {
  judge: updated,
  inside: [-3.999],
  outside: [-4.001],
  severity: "error",
  loose: -Infinity,
});

testThreshold("updateRatioMax", {
  judge: updated,
  inside: [-1.001],
  outside: [-0.999],
  severity: "error",
});

testThreshold("overfitLoss", {
  judge: (least, options) =>
    overfitsBatch.run({ ...SUBJECT, optimizer: "Adam", losses: [1, least] }, options),
  inside: [0.00999],
  outside: [0.01001],
  severity: "error",
});

testThreshold("overfitSteps", {
  judge: (steps, options) => {
    const losses = [...Array(steps).fill(1), 0];
    return overfitsBatch.run({ ...SUBJECT, optimizer: "Adam", losses }, options);
  },
  inside: [500],
  outside: [501],
  severity: "error",
  named: "overfitLoss",
  indirect: true,
});
