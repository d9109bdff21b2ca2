import { gradientBalance } from "../../src/rules/signal/gradient_balance.ts";
import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import type { RuleOptions } from "../../src/rules/rule.ts";
import { flat } from "../networks/measurements.ts";
import { branched, predicted } from "../networks/predicted.ts";
import { boundsOf, type Says, type Theory, toldMeasurements } from "./told_theory.ts";
import { assertEquals } from "@std/assert";

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
