import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import {
  judgeBalanceByTheory,
  judgeRatioByTheory,
} from "../../src/rules/network/judge_by_theory.ts";
import { flat } from "../networks/measurements.ts";
import { boundsOf, fix, said, type Says, subjectOf, type Theory } from "./told_theory.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

/** A delta of that squared norm. */
const delta = (square: number) => ({ preActivationGradients: flat(Math.sqrt(square / 640), 640) });

function balance(squares: number[], theory: Theory, names = ["a", "b", "c"]) {
  const layers = squares.map((square, i) => ({ name: names[i], ...delta(square) }));
  const subject = subjectOf(layers, theory, { gradientBalance: 1000 });
  return judgeBalanceByTheory(subject as never, subject.layers, fix);
}

Deno.test("judgeBalanceByTheory() holds how far layers are apart against the critical network nearest to them", () => {
  const even = { a: {}, b: {}, c: {} };
  const steep = { a: { delta: 10 }, b: {}, c: {} };
  const off = (square: number, ...critical: Record<string, Says>[]) =>
    balance([square, 1, 1.5], { critical, usual: {} }).map(({ measured }) => Math.round(measured!));
  assertEquals([off(999, even), off(1001, even)], [[], [1001]]);
  assertEquals([off(9990, even, steep), off(10010, even, steep)], [[], [1001]]);
  assertEquals([off(9990, steep, even), off(10010, steep, even)], [[], [1001]]);
  // A critical network that says nothing of them ends it, as do less than two deltas.
  assertEquals(off(1e9, even, { a: {} }), []);
  assertEquals(off(1e9, even, { a: {}, b: { delta: null }, c: { delta: 0 } }), []);
});

Deno.test("judgeBalanceByTheory() names both ends, and the factor between them", () => {
  const [{ message, layer, layers, kind, threshold, severity, ...rest }] = balance(
    [1.5, 2000, 1],
    { critical: [{ a: {}, b: {}, c: {} }] },
  );
  assertEquals(
    said(message),
    "The gradient is uneven across the layers: the squared norms of delta in b and c are 2000 times " +
      "further apart than theory predicts for healthy kernels; expected <= 1000 times (gradientBalance).",
  );
  assertEquals([layer, layers, kind], ["b", ["c", "b"], "spread-by-theory"]);
  assertEquals([threshold, severity, boundsOf(rest.expected)], ["gradientBalance", "warning", [
    1000,
  ]]);
  assertEquals(said(rest.fix), "Look.");
});

Deno.test("judgeBalanceByTheory() allows six times the larger doubt of both ends", () => {
  for (const doubts of [[0.2, 0.1], [0.1, 0.2]]) {
    const critical = [{ a: { doubt: doubts[0] }, b: { doubt: doubts[1] } }];
    const limit = 1000 * Math.exp(6 * 0.2);
    assertEquals(balance([limit * 0.99, 1], { critical }), []);
    assertEquals(balance([limit * 1.01, 1], { critical }).length, 1);
  }
});

Deno.test("judgeBalanceByTheory() excuses what the usual draw explains, up to the square of 30", () => {
  const critical = [{ a: {}, b: {} }];
  const usual = (by: number) => ({ a: { delta: by }, b: {} });
  const of = (square: number, by: number) =>
    balance([square, 1], { critical, usual: usual(by) }).length;
  assertEquals([of(5000, 5.1), of(5000, 4.9)], [0, 1]);
  assertEquals([of(899e3, 1e3), of(901e3, 1e3)], [0, 1]);
});

Deno.test("judgeBalanceByTheory() judges hidden layers that are asked about and have a delta", () => {
  const theory = { critical: [{ a: {}, b: {}, c: {}, head: {} }] };
  const of = (given: Partial<LayerMeasurements>, isJudged = true) => {
    const layers = [{ name: "a", ...delta(1) }, { name: "b", ...delta(2) }, {
      name: "c",
      ...given,
    }];
    const subject = subjectOf(layers, theory, { gradientBalance: 1000 });
    const judged = subject.layers.filter(({ name }) => isJudged || name !== "c");
    return judgeBalanceByTheory(subject as never, judged, fix).length;
  };
  assertEquals([of(delta(1e9)), of(delta(1e9), false)], [1, 0]);
  assertEquals([of({ preActivationGradients: null }), of(delta(0))], [0, 0]);
  const broken = delta(1e9).preActivationGradients;
  assertEquals(of({ preActivationGradients: { ...broken, nonFinite: 1 } }), 0);
});

/** What is said of a layer of 80 units whose delta is so many times what theory says. */
function ratio(
  off: number,
  says: Says = {},
  given: Partial<LayerMeasurements> = {},
  isJudged = true,
) {
  const shape = [32, 80];
  const layers = [{ name: "a", shape, ...delta(3 * off), ...given }];
  const subject = subjectOf(layers, { local: { a: { delta: 3, ...says } } }, { minWidth: 20 });
  const judged = isJudged ? subject.layers : [];
  return judgeRatioByTheory(subject as never, judged, (units) => units / 10);
}

Deno.test("judgeRatioByTheory() holds a delta to the square of the limit for its units, both ways", () => {
  // Its kernel has 20 units.
  for (const off of [3.99, 1 / 3.99]) assertEquals(ratio(off), []);
  const [large] = ratio(4.01);
  const [small] = ratio(1 / 4.01);
  assertEquals([large.kind, small.kind], ["large", "small"]);
  assertAlmostEquals(large.measured!, 4.01, 1e-9);
  assertEquals([large.layer, large.severity, boundsOf(large.expected)], ["a", "warning", [
    0.25,
    4,
  ]]);
  assertEquals(
    said(large.message),
    "The gradient of a is not the size that theory predicts: the squared norm of delta is 4.01 times " +
      "what follows from the deltas above it; expected 0.25 .. 4 times (gradientRatioFactor).",
  );
  const limit = 4 * Math.exp(6 * 0.1);
  assertEquals([0.99, 1.01].map((share) => ratio(limit * share, { doubt: 0.1 }).length), [0, 1]);
});

Deno.test("judgeRatioByTheory() takes the units of what has no kernel of its own by its shape, and leaves out narrow ones", () => {
  const lstm = { className: "LSTM", kind: "recurrent" as const, kernelLayout: undefined };
  assertEquals([63, 65].map((off) => ratio(off, {}, lstm).length), [0, 1]);
  assertEquals(ratio(99, {}, { ...lstm, shape: [32, 20] }).length, 1);
  assertEquals(ratio(99, {}, { ...lstm, shape: [32, 19] }), []);
  assertEquals(ratio(99, {}, { ...lstm, shape: null }), []);
  assertEquals([ratio(99, { delta: null }), ratio(99, { delta: 0 })], [[], []]);
  assertEquals(ratio(99, {}, {}, false), []);
});
