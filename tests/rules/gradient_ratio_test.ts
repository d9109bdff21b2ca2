import { gradientRatio } from "../../src/rules/signal/gradient_ratio.ts";
import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import type { RuleOptions } from "../../src/rules/rule.ts";
import { measureDense, randomNetwork } from "../networks/dense_network.ts";
import { flat, makeWeight } from "../networks/measurements.ts";
import { branched, predicted, WIDTH } from "../networks/predicted.ts";
import { boundsOf, type Says, toldMeasurements } from "./told_theory.ts";
import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";

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

/** Findings about a layer of 128 units whose delta is so many times what theory says. */
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
