import { assert, assertEquals, assertMatch } from "@std/assert";
import { batchIndependence } from "../../src/checks/model_rules/batch_independence.ts";
import { causality } from "../../src/checks/model_rules/causality.ts";
import type { CheckOptions } from "../../src/checks/check_options.ts";
import { type Finding, saidOf } from "../../src/checks/finding.ts";
import { numericGradients } from "../../src/checks/model_rules/numeric_gradients.ts";
import { inputDependence } from "../../src/checks/model_rules/input_dependence.ts";
import { judgeRule, type RunChecksOptions } from "../../src/checks/judge_rule.ts";
import { lossReduction } from "../../src/checks/model_rules/loss_reduction.ts";
import { matchesBaseline } from "../../src/checks/matches_baseline.ts";
import { overfitsBatch } from "../../src/checks/model_rules/overfits_batch.ts";
import { RULES } from "../../src/checks/rules.ts";
import { updateRatio } from "../../src/checks/model_rules/update_ratio.ts";
import { weightsChange } from "../../src/checks/model_rules/weights_change.ts";
import { weightsFrozen } from "../../src/checks/model_rules/weights_frozen.ts";
import { sayPlain } from "../../src/checks/sentence.ts";
import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../../src/measure/measurements.ts";
import type { WeightStep } from "../../src/probe/probe_step.ts";
import { makeTarget } from "./dense_network.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
  statisticsOf,
  withInput,
} from "./make_measurements.ts";
import { makeComparison, makeStep, SUBJECT } from "./make_probes.ts";

// Every sentence that a rule can say, each from the smallest measurements that make it say so.

const zero = flat(0, 640);
const nan = statisticsOf([NaN, ...Array(639).fill(1)]);
const silent = { activationGradients: zero, preActivationGradients: zero };

const judge = (rule: string, measurements: Measurements, options: RunChecksOptions = {}) =>
  judgeRule(RULES.find(({ name }) => name === rule)!, measurements, options);

const ofWeight = (weight: Partial<WeightMeasurements>, layer: Partial<LayerMeasurements> = {}) =>
  makeMeasurements([
    { weights: [makeWeight({ name: "dense_1/kernel", ...weight })], ...layer },
    {},
  ]);

/** A recurrent kernel of 20 units without a gradient, and so many z. */
const recurrent = (count: number) =>
  ofWeight(
    { name: "rnn/recurrent_kernel", gradients: flat(0, 400) },
    { preActivations: flat(0.5, count) },
  );

const deltas = (sizes: number[], given: Partial<LayerMeasurements> = {}) =>
  makeMeasurements(sizes.map((size) => ({ preActivationGradients: flat(size, 640), ...given })));

/** Wide layers, for the rules that theory has something to say about. */
const wide = (layers: Partial<LayerMeasurements>[], width = 128) =>
  makeMeasurements(layers.map((layer) => ({
    weights: [makeWeight({ shape: [width, width], values: flat(width ** -0.5, width * width) })],
    ...layer,
  })));

/** Of a layer that was trained. */
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

const input = (...values: number[]) => withInput(statisticsOf(values));

/** One head, its loss and its targets. */
function headed(
  loss: string,
  { activation = "linear", units = 1, targets, value = 1, bias }: {
    activation?: string;
    units?: number;
    targets?: number[];
    value?: number;
    bias?: number[];
  },
): Measurements {
  const weights = [makeWeight({ name: "head/kernel", shape: [20, units] })];
  if (bias !== undefined) {
    const values = statisticsOf(bias);
    weights.push(makeWeight({ name: "head/bias", shape: [units], values, entries: bias }));
  }
  const head = makeHead({ depth: 1, activation, shape: [32, units], weights });
  const measurements = makeMeasurements([], { layers: [head], objective: { name: loss, value } });
  const examples = targets === undefined ? 32 : targets.length / units;
  const all = targets === undefined ? [] : [makeTarget(Float64Array.from(targets), examples)];
  return { ...measurements, batch: { ...measurements.batch, examples, targets: all } };
}

const halves = [...Array(8).fill(0), ...Array(8).fill(1)];
const oneHot = Array.from({ length: 8 }, (_, i) => i % 2 === 0 ? [1, 0] : [0, 1]).flat();

const softmax = (given: Partial<LayerMeasurements> = {}) =>
  makeHead({ activation: "softmax", preActivationGradients: flat(1e-8, 32), ...given });

const compare = (now: Partial<LayerMeasurements>[], then: Partial<LayerMeasurements>[]) =>
  matchesBaseline(makeMeasurements(then)).check(makeMeasurements(now));

const numeric = (...quotients: number[]) =>
  numericGradients.check({
    ...SUBJECT,
    resolution: 1e-9,
    layers: ["Dense"],
    activations: ["Dense", "tanh"],
    weights: [makeComparison(quotients)],
  });

const stepped = (given: Partial<WeightStep>) => ({
  ...SUBJECT,
  optimizer: "Adam",
  weights: [makeStep(given)],
});

const overfit = (losses: number[], options?: CheckOptions) =>
  overfitsBatch.check({ ...SUBJECT, optimizer: "Adam", losses }, options);

const depends = (changes: number[][], alike = false) =>
  inputDependence.check({
    ...SUBJECT,
    outputs: ["mean", "scale"],
    inputs: changes.map((row, i) => ({ name: `x${i + 1}`, alike, changes: row })),
  });

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
  "input-normalized: too large": () => judge("input-normalized", input(255, -255)),
  "input-normalized: an offset": () => judge("input-normalized", input(4, 2)),
  "input-normalized: too small": () => judge("input-normalized", input(0.01, -0.01)),
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
  "exploding-gradients: all together": () =>
    judge("exploding-gradients", makeMeasurements(), { explodingGlobalNorm: 0.1 }),
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
  "gradient-balance: narrow layers": () => judge("gradient-balance", makeMeasurements()),
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
  "initial-loss: too much": () =>
    judge(
      "initial-loss",
      headed("categoricalCrossentropy", {
        activation: "softmax",
        units: 2,
        targets: oneHot,
        value: 9,
      }),
    ),
  "initial-loss: a little too much": () =>
    judge("initial-loss", headed("binaryCrossentropy", { targets: halves, value: 1.1 })),
  "initial-loss: too little": () =>
    judge("initial-loss", headed("meanSquaredError", { targets: halves, value: 0.01 })),
  "initial-loss: a little too little": () =>
    judge("initial-loss", headed("meanSquaredError", { targets: halves, value: 0.127 })),
  "initial-loss: a squared error": () =>
    judge("initial-loss", headed("meanSquaredError", { targets: halves, value: 5 })),
  "initial-loss: too few examples": () =>
    judge("initial-loss", headed("meanSquaredError", { targets: [0, 1] })),
  "output-head: one class": () =>
    judge("output-head", headed("categoricalCrossentropy", { activation: "softmax" })),
  "output-head: sigmoid for classes": () =>
    judge("output-head", headed("categoricalCrossentropy", { activation: "sigmoid", units: 3 })),
  "output-head: logits for classes": () =>
    judge("output-head", headed("sparseCategoricalCrossentropy", { units: 3 })),
  "output-head: targets that are no probabilities": () =>
    judge("output-head", headed("binaryCrossentropy", { activation: "sigmoid", targets: [0, 2] })),
  "output-head: softmax for labels": () =>
    judge("output-head", headed("binaryCrossentropy", { activation: "softmax", units: 3 })),
  "output-head: softmax over one unit": () =>
    judge("output-head", headed("binaryCrossentropy", { activation: "softmax" })),
  "output-head: logits for labels": () => judge("output-head", headed("binaryCrossentropy", {})),
  "output-head: an activation twice": () =>
    judge("output-head", headed("softmaxCrossEntropy", { activation: "softmax", units: 3 })),
  "output-head: softmax for numbers": () =>
    judge("output-head", headed("meanSquaredError", { activation: "softmax", units: 3 })),
  "output-head: out of reach": () =>
    judge("output-head", headed("meanSquaredError", { activation: "tanh", targets: [0, 2] })),
  "output-head: never negative": () =>
    judge("output-head", headed("meanAbsoluteError", { activation: "relu", targets: [0, -2] })),
  "baseline: a figure": () => compare([{ activations: flat(9, 640) }], [{}]),
  "baseline: a share": () => compare([{ saturatedFraction: 0.9 }], [{}]),
  "baseline: new and gone": () => compare([{ name: "new" }], [{ name: "old" }]),
  "loss-reduction": () => lossReduction.check({ ...SUBJECT, once: 1, twice: 2 }),
  "loss-reduction: from nothing": () => lossReduction.check({ ...SUBJECT, once: 0, twice: 2 }),
  "numeric-gradients": () => numeric(1.1, 1.1, 1.1),
  "numeric-gradients: no verdict": () => numeric(1.5, 1.3, 1.1),
  "batch-independence": () =>
    batchIndependence.check({
      ...SUBJECT,
      outputs: [{ name: "y", rms: 1, rows: 4, examples: [{ example: 2, change: 0.1 }] }],
    }),
  "batch-independence: rows": () =>
    batchIndependence.check({
      ...SUBJECT,
      outputs: [{ name: "y", rms: 1, rows: 1, examples: [{ example: 0, change: 0 }] }],
    }),
  "causality": () =>
    causality.check({
      ...SUBJECT,
      steps: 3,
      outputs: [{
        name: "y",
        rms: 1,
        cuts: [{ step: 0, change: 0.1 }, { step: 1, change: 0 }],
      }],
    }),
  "input-dependence: an input and an output": () => depends([[0.1, 0], [0, 0]]),
  "input-dependence: alike": () => depends([[0, 0]], true),
  "weights-change": () => weightsChange.check(stepped({ changed: 0, changedLater: 0 })),
  "weights-change: late": () => weightsChange.check(stepped({ changed: 0, changedLater: 3 })),
  "weights-change: one step of time": () =>
    weightsChange.check({
      ...SUBJECT,
      optimizer: "Adam",
      weights: [
        makeStep({ name: "rnn/kernel" }),
        makeStep({ name: "rnn/recurrent_kernel", changed: 0, changedLater: 0 }),
      ],
    }),
  "weights-frozen": () => weightsFrozen.check(stepped({ frozen: true })),
  "weights-frozen: a statistic": () =>
    weightsFrozen.check(stepped({ frozen: true, name: "norm/moving_mean" })),
  "update-ratio: small": () => updateRatio.check(stepped({ meanAbsUpdate: 1e-6 })),
  "update-ratio: large": () => updateRatio.check(stepped({ meanAbsUpdate: 2 })),
  "overfits-batch: slow": () => overfit([1, 0.5]),
  "overfits-batch: diverged": () => overfit([1, NaN]),
};

for (const [what, findings] of Object.entries(SAID)) {
  Deno.test(`the rules say of ${what}`, async (t) => {
    const said = findings();
    assert(said.length > 0);
    for (const finding of said) {
      const { message, advice, expected, kind, layer } = finding;
      assertMatch(kind ?? "", /^[a-z]+(-[a-z]+)*$/, "every finding of ours has a kind");
      assertEquals(message, sayPlain(saidOf(finding, "message")));
      assertEquals(advice, sayPlain(saidOf(finding, "advice")));
      // A name that stands in a text, or as any word, would keep what is alike apart.
      for (const part of [...saidOf(finding, "message"), ...saidOf(finding, "advice")]) {
        const text = typeof part === "string" ? part : "word" in part ? part.word : "";
        assert(
          !layer?.includes("_") || !text.split(/[\s/]/).includes(layer),
          `${layer} in "${text}"`,
        );
      }
      for (const text of [message, advice]) assertEquals(/^\S.*[.]$/.test(text), true, text);
      assertEquals(/undefined|\[object|NaN %/.test(`${message} ${advice} ${expected.text}`), false);
    }
    await t.assertSnapshot(
      said.map(({ severity, layer, expected, message, advice }) =>
        `${severity} ${layer} (${expected.text}): ${message}\n  ${advice}`
      ).join("\n"),
    );
  });
}
