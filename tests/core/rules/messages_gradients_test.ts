import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../../../src/core/measure/measurements.ts";
import type { Finding } from "../../../src/core/rules/finding.ts";
import {
  flat,
  halves,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeTarget,
  makeWeight,
  ofWeight,
  statisticsOf,
} from "../../networks/measurements.ts";
import { normals } from "../../networks/dense_network.ts";
import { judge, testMessages } from "./test_messages.ts";

// Every sentence that a rule can say, each from the smallest measurements that make it say so.

const zero = flat(0, 640);
const nan = statisticsOf([NaN, ...Array(639).fill(1)]);
const silent = { activationGradients: zero, preActivationGradients: zero };

/** A layer below a head of these figures, without a gradient. */
const silentBelow = (head: Partial<LayerMeasurements>) =>
  makeMeasurements([], {
    layers: [makeLayer({ name: "dense_1", ...silent }), makeHead({ depth: 2, ...head })],
    objective: { name: "binaryCrossentropy", value: 7 },
  });

/** Two weights of the first layer. */
const twoWeights = (
  [one, other]: Partial<WeightMeasurements>[],
) => makeMeasurements([{ weights: [makeWeight(one), makeWeight(other)] }, {}]);

/** A model under a loss, whose first kernel has a gradient of 1000. */
const steep = (data: Partial<Measurements["batch"]>) => {
  const { batch, ...rest } = ofWeight({ gradients: flat(1e3, 400) });
  const targets = [makeTarget(Float64Array.from(halves), 16)];
  return { ...rest, batch: { ...batch, targets, ...data } };
};

/** A recurrent kernel of 20 units without a gradient, and this many z. */
const recurrent = (count: number) =>
  ofWeight(
    { name: "rnn/recurrent_kernel", gradients: flat(0, 400) },
    { preActivations: flat(0.5, count) },
  );

const deltas = (sizes: number[], given: Partial<LayerMeasurements> = {}) =>
  makeMeasurements(sizes.map((size) => ({ preActivationGradients: flat(size, 640), ...given })));

const softmax = (given: Partial<LayerMeasurements> = {}) =>
  makeHead({ activation: "softmax", preActivationGradients: flat(1e-8, 32), ...given });

const SAID: Record<string, () => Finding[]> = {
  "non-finite: an input, a weight, what follows": () => {
    const { batch, ...rest } = ofWeight({ values: nan }, { activations: nan });
    const perInput = [{ ...batch.perInput[0], values: nan }];
    return judge("non-finite", { ...rest, batch: { ...batch, perInput } });
  },
  "non-finite: it begins in a weight": () => judge("non-finite", ofWeight({ values: nan })),
  "non-finite: it begins in the forward pass": () =>
    judge("non-finite", makeMeasurements([{ activations: nan }, { activations: nan }])),
  "non-finite: it begins in the backward pass": () =>
    judge("non-finite", makeMeasurements([{ preActivationGradients: nan }])),
  "non-finite: the objective": () =>
    judge("non-finite", makeMeasurements([], { objective: { name: "poisson", value: -Infinity } })),
  "gradients-flow: cut off": () => judge("gradients-flow", ofWeight({ gradients: null })),
  "gradients-flow: fed zeros": () => judge("gradients-flow", ofWeight({ gradients: zero })),
  "gradients-flow: no delta": () =>
    judge("gradients-flow", ofWeight({ gradients: zero }, { preActivationGradients: zero })),
  "gradients-flow: never sent": () => {
    const weights = [makeWeight({ name: "dense_1/kernel", gradients: zero })];
    return judge("gradients-flow", makeMeasurements([{ weights, ...silent }]));
  },
  "gradients-flow: one step of time": () => judge("gradients-flow", recurrent(640)),
  "gradients-flow: one step of time that counts": () => judge("gradients-flow", recurrent(6400)),
  "gradients-flow: a state of zeros": () => {
    const kernel = makeWeight({ name: "rnn/kernel", values: flat(0, 400) });
    const { layers, ...rest } = recurrent(6400);
    const [cell, ...others] = layers;
    const silentCell = { ...cell, activations: zero, weights: [kernel, ...cell.weights] };
    return judge("gradients-flow", { ...rest, layers: [silentCell, ...others] });
  },
  "gradients-flow: frozen": () => judge("gradients-flow", ofWeight({ trainable: false })),
  "gradients-flow: all of it frozen": () => {
    const weights = [makeWeight({ trainable: false, gradients: null })];
    return judge("gradients-flow", makeMeasurements([], { layers: [makeHead({ weights })] }));
  },
  "gradients-flow: frozen and untrained": () => {
    const draw = normals(3);
    const values = statisticsOf(Array.from({ length: 400 }, () => draw() / Math.sqrt(20)));
    const frozen = { trainable: false, gradients: null, values };
    return judge("gradients-flow", ofWeight(frozen));
  },
  "gradients-flow: a shift that cancels": () =>
    judge(
      "gradients-flow",
      twoWeights([
        { name: "dense_1/kernel" },
        { name: "dense_1/bias", shape: [20], gradients: flat(0, 20) },
      ]),
    ),
  "gradients-flow: a factor that starts at zero": () =>
    judge(
      "gradients-flow",
      twoWeights([
        { name: "dense_1/lora_a", gradients: zero },
        { name: "dense_1/lora_b", values: zero },
      ]),
    ),
  "gradients-flow: inputs of zeros above layers that learn": () => {
    const weights = [makeWeight({ name: "dense_2/kernel", gradients: zero })];
    return judge("gradients-flow", makeMeasurements([{ activations: zero }, { weights }]));
  },
  "vanishing-gradients: the ratio, kernels too small": () => {
    const weights = [makeWeight({ values: flat(0.01, 400) })];
    return judge("vanishing-gradients", deltas([1e-6, 1e-3, 1], { weights }));
  },
  "vanishing-gradients: the ratio, most of it in one place, sigmoid": () =>
    judge("vanishing-gradients", deltas([1e-6, 1e-6, 1, 1], { activation: "sigmoid" })),
  "vanishing-gradients: the ratio, kernels as they should be": () =>
    judge("vanishing-gradients", deltas([1e-6, 1])),
  "vanishing-gradients: below the floor": () =>
    judge("vanishing-gradients", ofWeight({ gradients: flat(1e-9, 400) })),
  "vanishing-gradients: stopped by units that are off": () =>
    judge(
      "vanishing-gradients",
      makeMeasurements([
        silent,
        { activation: "relu", deadFraction: 1, preActivationGradients: zero },
      ]),
    ),
  "vanishing-gradients: stopped by saturation": () =>
    judge(
      "vanishing-gradients",
      makeMeasurements([{ saturatedFraction: 1, preActivationGradients: zero }, {}]),
    ),
  "vanishing-gradients: stopped by something else": () =>
    judge(
      "vanishing-gradients",
      makeMeasurements([{ saturatedFraction: null, preActivationGradients: zero }, {}]),
    ),
  "vanishing-gradients: cut by a kernel of zeros": () => {
    const weights = [makeWeight({ values: flat(0, 400) })];
    return judge("vanishing-gradients", makeMeasurements([silent, silent, { weights }]));
  },
  "vanishing-gradients: cut by something else": () =>
    judge("vanishing-gradients", makeMeasurements([silent, {}])),
  "vanishing-gradients: round a branch": () =>
    judge("vanishing-gradients", makeMeasurements([{}, silent, {}])),
  "vanishing-gradients: a head of zeros": () => {
    const weights = [makeWeight({ name: "head/kernel", values: flat(0, 20) })];
    const layers = [makeLayer({ name: "dense_1", ...silent }), makeHead({ depth: 2, weights })];
    return judge("vanishing-gradients", makeMeasurements([], { layers }));
  },
  "vanishing-gradients: a head of zeros that nothing moves": () => {
    const weights = [makeWeight({ name: "head/kernel", values: zero, gradients: zero })];
    return judge("vanishing-gradients", silentBelow({ weights }));
  },
  "vanishing-gradients: a head that is certain": () =>
    judge(
      "vanishing-gradients",
      silentBelow({ activation: "sigmoid", ...silent, activations: statisticsOf([0, 1, 1, 0]) }),
    ),
  "vanishing-gradients: a branch that saturates": () =>
    judge(
      "vanishing-gradients",
      makeMeasurements([{}, { saturatedFraction: 1, preActivationGradients: zero }, {}]),
    ),
  "vanishing-gradients: never sent": () =>
    judge("vanishing-gradients", makeMeasurements([silent, silent])),
  "vanishing-gradients: too shallow": () => judge("vanishing-gradients", makeMeasurements([{}])),
  "vanishing-gradients: NaN": () =>
    judge("vanishing-gradients", makeMeasurements([{ preActivationGradients: nan }, {}])),
  "vanishing-gradients: a softmax alone": () =>
    judge("vanishing-gradients", makeMeasurements([], { layers: [softmax()] })),
  "vanishing-gradients: two softmaxes beside another head": () => {
    const heads = ["a", "b"].map((name) => softmax({ name, heads: [name] }));
    const layers = [makeLayer(), ...heads, makeHead({ name: "c", heads: ["c"] })];
    return judge("vanishing-gradients", makeMeasurements([], { layers }));
  },
  "exploding-gradients: the ratio": () => judge("exploding-gradients", deltas([1e4, 10, 1])),
  "exploding-gradients: kernels too large": () => {
    const weights = [makeWeight({ values: flat(9, 400) })];
    return judge("exploding-gradients", deltas([1e4, 1], { weights }));
  },
  "exploding-gradients: through time": () =>
    judge(
      "exploding-gradients",
      makeMeasurements([{
        weights: [makeWeight({ name: "rnn/recurrent_kernel" })],
        preActivationGradients: flat(1e3, 640),
      }]),
    ),
  "exploding-gradients: overflown": () =>
    judge("exploding-gradients", makeMeasurements([{ preActivationGradients: nan }])),
  "exploding-gradients: flat rows": () => {
    const norm = {
      name: "norm",
      className: "LayerNormalization",
      activation: null,
      weights: [],
      settings: { epsilon: 1 / 256 },
      flatRows: 0.5,
    };
    const low = flat(2000, 1024);
    const high = flat(1, 1024);
    return judge(
      "exploding-gradients",
      makeMeasurements([{ preActivationGradients: low }, norm, { preActivationGradients: high }]),
      { explodingRatioWarning: 128 },
    );
  },
  "exploding-gradients: one entry": () => judge("exploding-gradients", steep({})),
  "exploding-gradients: one entry, inputs out of scale": () => {
    const values = flat(255, 640);
    const perInput = [{ name: "pixels", shape: [32, 20], dtype: "float32", values }];
    return judge("exploding-gradients", steep({ perInput }));
  },
  "exploding-gradients: one entry, targets out of scale": () =>
    judge(
      "exploding-gradients",
      steep({ targets: [makeTarget(Float64Array.from([1e4, -1e4]), 2)] }),
    ),
  "exploding-gradients: all together": () =>
    judge("exploding-gradients", makeMeasurements(), { explodingGlobalNorm: 0.1 }),
};

testMessages(import.meta, SAID);
