import type { LayerMeasurements, Measurements } from "../../../src/core/measure/measurements.ts";
import type { Finding } from "../../../src/core/rules/finding.ts";
import {
  flat,
  halves,
  headed,
  makeHead,
  makeMeasurements,
  makeWeight,
  ofWeight,
  oneHot,
  statisticsOf,
} from "../../networks/measurements.ts";
import { judge, testMessages } from "./test_messages.ts";

/** Wide layers, for the rules that theory has something to say about. */
const wide = (layers: Partial<LayerMeasurements>[], width = 128) =>
  makeMeasurements(layers.map((layer) => ({
    weights: [makeWeight({ shape: [width, width], values: flat(width ** -0.5, width * width) })],
    ...layer,
  })));

/** Biases of a trained layer. */
const moved = makeWeight({ name: "bias", shape: [20], values: flat(0.1, 20) });

const UNTRAINED = { trained: false };

const onRandomInputs = (measurements: Measurements): Measurements => ({
  ...measurements,
  batch: { ...measurements.batch, random: true },
});

const dead = (share: number, given: Partial<LayerMeasurements> = {}, examples = 32) => {
  const layer = {
    activation: "relu",
    saturatedFraction: null,
    deadFraction: share,
    weights: [makeWeight(), moved],
    ...given,
  };
  const measurements = makeMeasurements([layer]);
  return { ...measurements, batch: { ...measurements.batch, examples } };
};

const SAID: Record<string, () => Finding[]> = {
  "gradient-ratio: wide layers": () =>
    judge("gradient-ratio", wide([{ preActivationGradients: flat(9, 640) }, {}])),
  "gradient-ratio: narrower layers": () =>
    judge("gradient-ratio", wide([{ preActivationGradients: flat(9, 640) }, {}], 64)),
  "gradient-ratio: no row of layers": () =>
    judge("gradient-ratio", wide([{ preActivationGradients: flat(99, 640), calls: 2 }, {}])),
  "gradient-balance: no row of layers": () =>
    judge("gradient-balance", wide([{ preActivationGradients: flat(999, 640), calls: 2 }, {}])),
  "activation-scale: no row of layers": () =>
    judge("activation-scale", wide([{ activations: flat(99, 640), calls: 2 }, {}])),
  "gradient-ratio: no theory": () =>
    judge(
      "gradient-ratio",
      wide([{ className: "Mine", kind: "opaque" }]),
    ),
  "gradient-balance": () =>
    judge("gradient-balance", wide([{ preActivationGradients: flat(99, 640) }, {}])),
  "saturated-activations": () =>
    judge("saturated-activations", makeMeasurements([{ saturatedFraction: 0.6 }])),
  "saturated-activations: a warning, kernels too large": () => {
    const weights = [makeWeight({ values: flat(9, 400) })];
    return judge("saturated-activations", makeMeasurements([{ saturatedFraction: 0.3, weights }]));
  },
  "saturated-activations: ignored": () =>
    judge("saturated-activations", makeMeasurements([{ saturatedFraction: 0.6 }]), {
      ignore: [{ layer: "dense_1", reason: "It is a gate." }],
    }),
  "saturated-activations: inputs too large": () => {
    const measurements = makeMeasurements([{ saturatedFraction: 0.6 }]);
    measurements.batch.perInput[0].values = flat(99, 640);
    return judge("saturated-activations", measurements);
  },
  "saturated-activations: too few entries": () =>
    judge("saturated-activations", makeMeasurements([{ preActivations: flat(1, 7) }])),
  "dead-units": () => judge("dead-units", dead(0.6), UNTRAINED),
  "dead-units: trained": () => judge("dead-units", dead(0.6)),
  "dead-units: biases that vary, beside a fresh kernel": () => {
    // The mean absolute value of a uniform draw, of the deviation of He's initialisation.
    const std = Math.sqrt(2 / 20);
    const values = { ...flat(std, 400), meanAbs: std * Math.sqrt(3) / 2 };
    const below = statisticsOf(Array.from({ length: 20 }, (_, i) => i % 2 - 2.5));
    const biases = makeWeight({ name: "bias", shape: [20], values: below });
    return judge("dead-units", dead(0.6, { weights: [makeWeight({ values }), biases] }));
  },
  "dead-units: trained, on random inputs": () => judge("dead-units", onRandomInputs(dead(0.6))),
  "dead-units: a warning": () => judge("dead-units", dead(0.3, { activation: null }), UNTRAINED),
  "dead-units: all of them": () => judge("dead-units", dead(1), { deadFraction: 1, ...UNTRAINED }),
  "dead-units: what depth explains": () => {
    const relu = { activation: "relu", saturatedFraction: null, deadFraction: 0 };
    const layers = Array.from({ length: 10 }, () => relu);
    const last = { ...relu, deadFraction: 0.7, weights: [makeWeight(), moved] };
    return judge("dead-units", makeMeasurements([...layers, last]), UNTRAINED);
  },
  "dead-units: what alikeness explains": () => {
    // 5 % always on, and the other 25 % off half of the time.
    const activations = { ...flat(0.6, 640), zeroFraction: 0.825 };
    return judge(
      "dead-units",
      dead(0.7, { activations, shape: [32, 64], weights: [makeWeight()] }),
    );
  },
  "dead-units: a narrow layer": () => {
    const activations = { ...flat(0.6, 640), zeroFraction: 0.9 };
    const layer = { activations, shape: [32, 20], weights: [makeWeight()] };
    return judge("dead-units", dead(0.8, layer));
  },
  "dead-units: too few examples": () => judge("dead-units", dead(1, {}, 1)),
  "activation-scale": () =>
    judge("activation-scale", makeMeasurements([{ activations: flat(0.1, 640) }])),
  "activation-scale: a target": () =>
    judge("activation-scale", makeMeasurements([{ activations: flat(3, 640) }]), {
      activationTarget: 1,
    }),
  "init-scale: a recurrent kernel": () =>
    judge(
      "init-scale",
      ofWeight({ name: "rnn/recurrent_kernel", values: flat(0.02, 400) }, {
        className: "SimpleRNN",
      }),
    ),
  "init-scale: an error": () => judge("init-scale", ofWeight({ values: flat(9, 400) })),
  "init-scale: a warning": () => judge("init-scale", ofWeight({ values: flat(0.34, 400) })),
  "init-scale: a head": () => {
    const weights = [makeWeight({ name: "head/kernel", shape: [40, 1], values: flat(9, 40) })];
    return judge("init-scale", makeMeasurements([], { layers: [makeHead({ weights })] }));
  },
  "symmetry: a constant": () =>
    judge("symmetry", ofWeight({ values: statisticsOf(Array(400).fill(0.1)) })),
  "symmetry: units alike": () => judge("symmetry", ofWeight({ duplicateUnits: 3 })),
  "symmetry: one unit": () => judge("symmetry", ofWeight({ duplicateUnits: 1 })),
  "init-scale: only noted": () =>
    judge("init-scale", ofWeight({ values: flat(9, 400) }), { trained: true }),
  "bias-init: hidden": () => {
    const values = statisticsOf(Array(20).fill(1));
    const weights = [makeWeight({ name: "dense_1/bias", shape: [20], values })];
    return judge("bias-init", makeMeasurements([{ weights }]));
  },
  "bias-init: a softmax head": () =>
    judge(
      "bias-init",
      headed("categoricalCrossentropy", {
        activation: "softmax",
        units: 2,
        targets: oneHot,
        bias: [3, 0],
      }),
    ),
  "bias-init: a linear head": () =>
    judge("bias-init", headed("meanSquaredError", { targets: halves, bias: [9] })),
};

testMessages(import.meta, SAID);
