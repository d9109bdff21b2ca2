import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import type {
  LayerMeasurements,
  TensorStatistics,
} from "../../../src/core/measure/measurements.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { deadUnits } from "../../../src/core/rules/signal/dead_units.ts";
import { gradientBalance } from "../../../src/core/rules/signal/gradient_balance.ts";
import { gradientRatio } from "../../../src/core/rules/signal/gradient_ratio.ts";
import { gradientsFlow } from "../../../src/core/rules/signal/gradients_flow.ts";
import { measureDense, randomNetwork } from "../../networks/dense_network.ts";
import { flat, makeLayer, makeMeasurements, makeWeight } from "../../networks/measurements.ts";
import { branched, predicted, WIDTH } from "../../networks/predicted.ts";
import { boundsOf, type Says, type Theory, toldMeasurements } from "./told_theory.ts";

Deno.test("gradientBalance passes below a thousandfold of the critical spread and warns above", () => {
  const check = (factor: number) =>
    gradientBalance.run(predicted("relu", Math.SQRT2, { deltas: [factor, 1, 1] }));
  assertEquals(check(999), []);
  assertEquals(check(1 / 999), []);
  const [up] = check(1001);
  assertEquals([up.severity, up.layers], ["warning", ["dense_2", "dense_1"]]);
  const [down] = check(1 / 1001);
  assertEquals(down.layer, "dense_1");
});

Deno.test("gradientBalance allows the drift of a deep critical tanh network, and takes a limit", () => {
  const deep = predicted("tanh", 1, { deltas: Array(30).fill(1), deviations: Array(30).fill(1) });
  assertEquals(gradientBalance.run(deep, { gradientBalance: 1.01 }), []);
});

Deno.test("gradientBalance allows what TensorFlow.js cuts off its normals, and nothing else", () => {
  const all = { deltas: Array(30).fill(1), deviations: Array(30).fill(1) };
  const check = (share: number) =>
    gradientBalance.run(predicted("relu", share * Math.SQRT2, all)).map(({ severity }) => severity);
  // 0.88^58 = 1 / 1700.
  assertEquals(check(0.88), []);
  assertEquals(check(0.8), ["warning"]);
  assertEquals(check(1.14), ["warning"]);
});

Deno.test("gradientBalance leaves the shrinking signal of sigmoid to vanishing-gradients", () => {
  const all = { deltas: Array(9).fill(1), deviations: Array(9).fill(1) };
  assertEquals(gradientBalance.run(predicted("sigmoid", 1, all)), []);
  const off = predicted("sigmoid", 1, { ...all, deltas: [1e-4, ...Array(8).fill(1)] });
  assertEquals(gradientBalance.run(off).length, 1);
});

Deno.test("gradientBalance leaves layers that receive nothing to other rules", () => {
  const found = (...deltas: number[]) =>
    gradientBalance.run(predicted("tanh", 1, { deltas })).map(({ layers }) => layers);
  assertEquals([found(1, 0, 1), found(0, 0, 1), found(0, 0, 0)], [[], [], []]);
  assertEquals(found(1e8, 0, 1), [["dense_3", "dense_1"]]);
});

Deno.test("gradientBalance judges a network of another graph alike", () => {
  const check = (factor: number) => gradientBalance.run(branched({ deltas: [factor, 1, 1] }));
  assertEquals([check(999), check(1 / 999)], [[], []]);
  for (const factor of [1001, 1 / 1001]) {
    const [finding] = check(factor);
    assertEquals([finding.severity, finding.kind], ["warning", "spread"]);
  }
});

/** Findings about layers whose deltas have these squared norms. */
function balance(squares: number[], theory: Theory) {
  const layers = squares.map((square, i) => ({ name: "abc"[i], ...delta(square) }));
  return gradientBalance.run(toldMeasurements(layers, theory));
}

const delta = (square: number) => ({ preActivationGradients: flat(Math.sqrt(square / 640), 640) });

Deno.test("gradientBalance compares with the critical network nearest to the layers", () => {
  const even = { a: {}, b: {}, c: {} };
  const steep = { a: { delta: 10 }, b: {}, c: {} };
  const off = (square: number, ...critical: Record<string, Says>[]) =>
    balance([square, 1, 1.5], { critical }).map(({ measured }) => Math.round(measured!));
  assertEquals([off(999, even), off(1001, even)], [[], [1001]]);
  assertEquals([off(9990, even, steep), off(10010, even, steep)], [[], [1001]]);
  assertEquals([off(9990, steep, even), off(10010, steep, even)], [[], [1001]]);
  // No verdict if a critical network is not known, or with fewer than two deltas.
  assertEquals(off(1e9, even, { a: {} }), []);
  assertEquals(off(1e9, even, { a: {}, b: { delta: null }, c: { delta: 0 } }), []);
});

Deno.test("gradientBalance names both ends, and the factor between them", () => {
  const [{ message, layer, layers, threshold, expected }] = balance(
    [1.5, 2000, 1],
    { critical: [{ a: {}, b: {}, c: {} }] },
  );
  assertEquals(
    message,
    "The gradient is uneven across the layers: the squared norms of delta in b and c are 2000 " +
      "times further apart than in a critical network of this shape; expected <= 1000 times " +
      "(gradientBalance).",
  );
  assertEquals([layer, layers, threshold], ["c", ["c", "b"], "gradientBalance"]);
  assertEquals(boundsOf(expected), [1000]);
});

Deno.test("gradientBalance allows what chance explains, six times the larger doubt of both ends", () => {
  for (const doubts of [[1.5, 0.1], [0.1, 1.5]]) {
    const critical = [{ a: { doubt: doubts[0] }, b: { doubt: doubts[1] } }];
    const limit = Math.exp(6 * 1.5);
    assertEquals(balance([limit * 0.99, 1], { critical }), []);
    assertEquals(balance([limit * 1.01, 1], { critical }).length, 1);
  }
});

Deno.test("gradientBalance judges hidden layers that are asked for and have a delta", () => {
  const theory = { critical: [{ a: {}, b: {}, c: {}, head: {} }] };
  const of = (given: Partial<LayerMeasurements>, options?: RuleOptions) => {
    const layers = [{ name: "a", ...delta(1) }, { name: "b", ...delta(2) }, {
      name: "c",
      ...given,
    }];
    return gradientBalance.run(toldMeasurements(layers, theory), options)
      .map(({ severity }) => severity);
  };
  assertEquals(of(delta(1e9)), ["error"]);
  assertEquals(of(delta(1e9), { layers: ["a", "b"] }), []);
  assertEquals([of({ preActivationGradients: null }), of(delta(0))], [[], []]);
  const broken = { ...delta(1e9).preActivationGradients, nonFinite: 1 };
  assertEquals(of({ preActivationGradients: broken }), ["note"]);
});

Deno.test("gradientRatio finds nothing in what theory predicts of kernels at any scale", () => {
  for (const sigma of [0.5, 1, 2]) {
    assertEquals(gradientRatio.run(predicted("relu", sigma)), [], `sigma ${sigma}`);
  }
});

// 2^sqrt(128 / 64) = 2.665.
for (const [width, inside, outside] of [[256, 1.99, 2.01], [128, 1.99, 2.01], [64, 2.66, 2.67]]) {
  Deno.test(`gradientRatio passes within ${inside} over ${width} units and warns outside`, () => {
    const check = (factor: number) =>
      gradientRatio.run(predicted("tanh", 1, { deltas: [factor, 1, 1], width }));
    assertEquals(check(inside), []);
    assertEquals(check(1 / inside), []);
    for (const factor of [outside, 1 / outside]) {
      const [finding, ...others] = check(factor);
      assertEquals(others, []);
      assertEquals([finding.severity, finding.layer], ["warning", "dense_1"]);
      assertAlmostEquals(finding.measured! / factor, 1, 1e-3);
    }
  });
}

Deno.test("gradientRatio takes another factor and passes over narrow layers", () => {
  const off = predicted("tanh", 1, { deltas: [1.2, 1, 1], width: 128 });
  assertEquals(gradientRatio.run(off, { gradientRatioFactor: 1.25 }), []);
  assertEquals(gradientRatio.run(off, { gradientRatioFactor: 1.15 }).length, 1);
  assertEquals(gradientRatio.run(off, { gradientRatioFactor: 1.15, minWidth: 129 }), []);
  const wild = (width: number) => predicted("tanh", 1, { deltas: [99, 1, 1], width });
  assertEquals([64, 63].map((width) => gradientRatio.run(wild(width)).length), [1, 0]);
});

Deno.test("gradientRatio leaves layers that receive nothing to other rules", () => {
  const found = (...deltas: number[]) =>
    gradientRatio.run(predicted("tanh", 1, { deltas, width: 128 }));
  for (const deltas of [[1, 0, 1], [1, 1, 0], [0, 0, 0]]) assertEquals(found(...deltas), []);
});

Deno.test("gradientRatio knows what biases do to the slope in a real network", () => {
  const options = { depth: 4, width: WIDTH, activation: "tanh", sigma: 1, seed: 1 };
  const { layers, inputs } = randomNetwork(options);
  const x = inputs(32);
  assertEquals(gradientRatio.run(measureDense(layers, x)), []);
  layers[1].bias.fill(3);
  assertEquals(gradientRatio.run(measureDense(layers, x)), []);
});

Deno.test("gradientRatio judges a network of another graph alike", () => {
  const check = (factor: number, width = 128) =>
    gradientRatio.run(branched({ deltas: [factor, 1, 1], width }));
  assertEquals([check(1.99), check(1 / 1.99)], [[], []]);
  for (const factor of [2.01, 1 / 2.01]) {
    const [finding, ...others] = check(factor);
    assertEquals([finding.severity, finding.layer, others.length], ["warning", "dense_1", 0]);
  }
  assertEquals([64, 63].map((width) => check(1e4, width).length), [1, 0]);
});

/** Findings about a layer of 128 units whose delta is this many times the prediction of theory. */
function ratio(
  off: number,
  says: Says = {},
  given: Partial<LayerMeasurements> = {},
  options?: RuleOptions,
) {
  const preActivationGradients = flat(Math.sqrt(3 * off / 640), 640);
  const kernel = makeWeight({ shape: [20, 128] });
  const layer = { name: "a", preActivationGradients, weights: [kernel], ...given };
  const local = { a: { delta: 3, ...says }, b: {} };
  const other = { name: "b", preActivationGradients: null };
  return gradientRatio.run(toldMeasurements([layer, other], { local }), options);
}

Deno.test("gradientRatio measures how far delta is from what follows from those above", () => {
  const [large] = ratio(2.01);
  const [small] = ratio(1 / 2.01);
  assertEquals([large.kind, small.kind], ["too-large", "too-small"]);
  assertAlmostEquals(large.measured!, 2.01, 1e-9);
  assertEquals(boundsOf(large.expected), [0.5, 2]);
  assertEquals([large.layer, large.threshold], ["a", "gradientRatioFactor"]);
});

Deno.test("gradientRatio allows what chance explains, six times the doubt", () => {
  const limit = Math.exp(6 * 0.2);
  assertEquals([0.99, 1.01].map((share) => ratio(limit * share, { doubt: 0.2 }).length), [0, 1]);
  assertEquals([1.99, 2.01].map((off) => ratio(off, { doubt: 0.1 }).length), [0, 1]);
});

Deno.test("gradientRatio takes the units of a recurrent layer from its shape", () => {
  const lstm = { className: "LSTM", kind: "recurrent" as const, kernelLayout: undefined };
  assertEquals(ratio(99, {}, { ...lstm, shape: [32, 64] }).length, 1);
  assertEquals(ratio(99, {}, { ...lstm, shape: [32, 63] }), []);
  assertEquals(ratio(99, {}, { ...lstm, shape: null }), []);
  assertEquals([ratio(99, { delta: null }), ratio(99, { delta: 0 })], [[], []]);
  assertEquals(ratio(99, {}, {}, { layers: ["b"] }), []);
});

Deno.test("gradientRatio leaves a recurrent layer alone that hands its state to another", () => {
  const lstm = {
    className: "LSTM",
    kind: "recurrent" as const,
    kernelLayout: undefined,
    shape: [32, 64],
  };
  const preActivationGradients = flat(Math.sqrt(3 * 99 / 640), 640);
  const weights = [makeWeight({ shape: [20, 128] })];
  const below = { ...lstm, name: "a", preActivationGradients, weights, inputs: [], reads: ["x"] };
  const judge = (reads: string[]) => {
    const above = { ...lstm, name: "b", preActivationGradients: null, inputs: ["a"], reads };
    const told = toldMeasurements([below, above], { local: { a: { delta: 3 }, b: {} } });
    told.layers.at(-1)!.inputs = ["b"];
    return gradientRatio.run(told);
  };
  assertEquals([judge([]).length, judge(["y"]).length], [1, 0]);
});

Deno.test("gradientRatio notes once that theory knows no hidden layer with weights", () => {
  const of = (layers: Partial<LayerMeasurements>[], local: Record<string, Says> = {}) =>
    gradientRatio.run(toldMeasurements(layers, { local }));
  const [note] = of([{ name: "t", weights: [] }, { name: "a" }, { name: "b" }]);
  assertEquals(note.severity, "note");
  assertStringIncludes(note.message, "the first of which is a (Dense)");
  assertEquals(of([{ name: "a" }, { name: "b" }], { b: {} }), []);
  assertEquals([of([]), of([{ name: "t", weights: [] }])], [[], []]);
});

Deno.test("gradientsFlow names of the weights without a gradient the kernels of zeros alone, as multiplied with each other", () => {
  const none = flat(0, 400);
  const some = flat(0.1, 400);
  const weights = [
    makeWeight({ name: "wq", values: none, gradients: none }),
    makeWeight({ name: "wk", values: none, gradients: none }),
    makeWeight({ name: "bias", shape: [20], values: none, gradients: none }),
    makeWeight({ name: "spent", values: some, gradients: none }),
    makeWeight({ name: "frozen", values: none, gradients: none, trainable: false }),
    makeWeight({ name: "wv" }),
  ];
  const [{ fix }] = gradientsFlow.run(makeMeasurements([{ weights }]));
  assertStringIncludes(fix, "Draw all but one of wq, wk at random");
});

/** Returns the findings on a relu layer in a branch, above one with or without a gradient. */
function dead(deadFraction: number, delta: TensorStatistics, below: TensorStatistics) {
  const layers = [
    makeLayer({ name: "stem", depth: 1, inputs: [], preActivationGradients: below }),
    makeLayer({
      name: "branch",
      depth: 2,
      inputs: ["stem"],
      activation: "relu",
      shape: [32, 1000],
      saturatedFraction: null,
      deadFraction,
      preActivationGradients: delta,
    }),
  ];
  return deadUnits.run(makeMeasurements([], { layers })).map(({ severity }) => severity);
}

Deno.test("deadUnits warns of a branch that is all off while the layers below it learn, and fails any other", () => {
  const none = flat(0, 640);
  const some = flat(0.1, 640);
  assertEquals(dead(1, none, some), ["warning"]);
  assertEquals(dead(1, none, none), ["error"]);
  assertEquals(dead(1, some, some), ["error"]);
  assertEquals(dead(0.99, none, some), ["error"]);
});
