import type { Measurements } from "../../../src/core/measure/measurements.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { activationScale } from "../../../src/core/rules/signal/activation_scale.ts";
import { explodingGradients } from "../../../src/core/rules/signal/exploding_gradients.ts";
import { gradientBalance } from "../../../src/core/rules/signal/gradient_balance.ts";
import { gradientRatio } from "../../../src/core/rules/signal/gradient_ratio.ts";
import { vanishingGradients } from "../../../src/core/rules/signal/vanishing_gradients.ts";
import { batchIndependence } from "../../../src/core/rules/trained/batch_independence.ts";
import { lossReduction } from "../../../src/core/rules/trained/loss_reduction.ts";
import { numericGradients } from "../../../src/core/rules/trained/numeric_gradients.ts";
import { overfitsBatch } from "../../../src/core/rules/trained/overfits_batch.ts";
import { updateRatio } from "../../../src/core/rules/trained/update_ratio.ts";
import { meanField } from "../../../src/ground/theory/mean_field.ts";
import { flat, makeHead, makeMeasurements, makeWeight } from "../../networks/measurements.ts";
import { makeComparison, makeStep, SUBJECT } from "../../networks/probes.ts";
import { type Judge, testThreshold } from "./test_threshold.ts";

/** A chain of layers whose delta has these sizes. */
const deltas = (...sizes: number[]) =>
  makeMeasurements(sizes.map((size) => ({ preActivationGradients: flat(size, 640) })));

/** Three critical layers as theory predicts them, except for the first one's figures. */
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
  const hidden = states.map((state, i) => {
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
  const { layers, ...rest } = makeMeasurements(hidden);
  // The head sends the last layer just the delta that it has.
  const size = Math.sqrt(weightVariance / states[2].chi);
  const kernel = makeWeight({ name: "head/kernel", shape: [width, 1], values: flat(size, width) });
  return { ...rest, layers: [...layers.slice(0, -1), { ...layers[3], weights: [kernel] }] };
}

testThreshold("vanishingRatio", {
  judge: (ratio, options) => vanishingGradients.run(deltas(ratio, 1), options),
  inside: [1.001e-3],
  outside: [0.999e-3],
  severity: "error",
  loose: 0,
});

testThreshold("vanishingRatioWarning", {
  judge: (ratio, options) => vanishingGradients.run(deltas(ratio, 1), options),
  inside: [1.001e-2],
  outside: [0.999e-2],
  severity: "warning",
  loose: 0,
});

testThreshold("vanishingStep", {
  judge: (step, options) => {
    const weights = [makeWeight({ values: flat(1, 400), gradients: flat(step, 400) })];
    const [first, last] = deltas(5e-3, 1).layers;
    return vanishingGradients.run(
      makeMeasurements([], { layers: [{ ...first, weights }, last] }),
      options,
    );
  },
  inside: [1.001e-2],
  outside: [0.999e-2],
  severity: "error",
  loose: 0,
  named: "vanishingRatioWarning",
  indirect: true,
});

testThreshold("vanishingFloor", {
  judge: (size, options) => {
    const weights = [makeWeight({ gradients: flat(size, 400) })];
    return vanishingGradients.run(makeMeasurements([{ weights }, {}]), options);
  },
  inside: [1.001e-7],
  outside: [0.999e-7],
  severity: "warning",
  loose: 0,
});

testThreshold("explodingRatio", {
  judge: (ratio, options) => explodingGradients.run(deltas(ratio, 1), options),
  inside: [999],
  outside: [1001],
  severity: "error",
});

testThreshold("explodingRatioWarning", {
  judge: (ratio, options) => explodingGradients.run(deltas(ratio, 1), options),
  inside: [99.9],
  outside: [100.1],
  severity: "warning",
});

testThreshold("explodingEntry", {
  judge: (size, options) => {
    const weights = [makeWeight({ gradients: flat(size, 400) })];
    const { batch, ...rest } = makeMeasurements([{ weights }]);
    const targets = [{ name: "y", shape: [32, 1], values: flat(1, 32), unitMeans: [0] }];
    return explodingGradients.run({ ...rest, batch: { ...batch, targets } }, options);
  },
  inside: [69.9],
  outside: [70.1],
  severity: "warning",
});

testThreshold("explodingGlobalNorm", {
  judge: (norm, options) => {
    const head = makeHead({ weights: [makeWeight({ gradients: flat(norm / 20, 400) })] });
    return explodingGradients.run(makeMeasurements([], { layers: [head] }), options);
  },
  inside: [99.9],
  outside: [100.1],
  severity: "error",
  options: { explodingGlobalNorm: 100 },
});

testThreshold("gradientRatioFactor", {
  judge: (delta, options) => gradientRatio.run(critical({ delta }), options),
  inside: [1.999, 1 / 1.999],
  outside: [2.001, 1 / 2.001],
  severity: "warning",
});

testThreshold("gradientBalance", {
  // At criticality relu has the same signal in all layers.
  judge: (delta, options) => gradientBalance.run(critical({ delta, activation: "relu" }), options),
  inside: [999, 1 / 999],
  outside: [1001, 1 / 1001],
  severity: "warning",
});

testThreshold("minWidth", {
  judge: (width, options) => gradientRatio.run(critical({ width, delta: 99 }), options),
  inside: [63],
  outside: [64],
  severity: "warning",
  loose: 65,
  named: "gradientRatioFactor",
  indirect: true,
});

testThreshold("activationScaleFactor", {
  judge: (deviation, options) => activationScale.run(critical({ deviation }), options),
  inside: [1.999, 1 / 1.999],
  outside: [2.001, 1 / 2.001],
  severity: "warning",
});

testThreshold("activationTarget", {
  judge: (target, options) => {
    const measurements = makeMeasurements([{ activations: flat(target, 640) }]);
    return activationScale.run(measurements, options);
  },
  inside: [1.099, 1 / 1.099],
  outside: [1.101, 1 / 1.101],
  severity: "warning",
  loose: 1.05,
  named: "activationScaleFactor",
  options: { activationTarget: 1, activationScaleFactor: 1.1 },
  indirect: true,
});

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
