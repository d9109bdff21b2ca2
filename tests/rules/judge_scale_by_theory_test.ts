import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import type { Case } from "../../src/rules/judge.ts";
import { judgeScaleByTheory, undescribed } from "../../src/rules/network/judge_by_theory.ts";
import { flat } from "../networks/measurements.ts";
import { boundsOf, fix, said, type Says, subjectOf, type Theory } from "./told_theory.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

/** What is said of one layer whose a has that std. */
function scale(
  std: number,
  theory: Theory,
  given: Partial<Case<never>> & { target?: number } = {},
) {
  const thresholds = { activationScaleFactor: 2, activationTarget: given.target ?? 0 };
  const subject = subjectOf([{ name: "a", activations: flat(std, 640) }], theory, thresholds);
  return judgeScaleByTheory({ ...subject, ...given } as never, fix);
}

Deno.test("judgeScaleByTheory() lets pass what is within twice of any healthy draw, or of the usual one", () => {
  const theory = {
    critical: [{ a: { std: 0.5, mean: 3 } }, { a: { std: 0.8 } }],
    usual: { a: { std: 0.2 } },
  };
  const of = (std: number) => scale(std, theory).map(({ kind, measured }) => [kind, measured]);
  for (const std of [0.8 * 1.99, 0.65, 0.3, 0.2 / 1.99]) assertEquals(of(std), [], `${std}`);
  const [[large, above]] = of(0.8 * 2.01);
  const [[small, below]] = of(0.2 / 2.01);
  assertEquals([large, small], ["large", "small"]);
  assertAlmostEquals(above as number, 2.01, 1e-9);
  // By how much it is off a critical network, not the usual one.
  assertAlmostEquals(below as number, 0.2 / 2.01 / 0.5, 1e-9);
});

Deno.test("judgeScaleByTheory() says the figures, the layer and what was expected", () => {
  const [{ message, layer, threshold, expected, severity, ...rest }] = scale(3, {
    critical: [{ a: { std: 0.5 } }],
    usual: { a: { std: 0.5 } },
  });
  assertEquals(
    said(message),
    "The outputs of `a` are too large: spread 3, should be about 0.5 (0.25 to 1).",
  );
  assertEquals([layer, threshold, severity], ["a", "activationScaleFactor", "warning"]);
  assertEquals([boundsOf(expected), said(rest.fix)], [[0.5, 2], "Look."]);
});

Deno.test("judgeScaleByTheory() excuses no draw that is 30 times too small or 10 times too large", () => {
  const of = (std: number, usual: number) =>
    scale(std, { critical: [{ a: { std: 0.5 } }], usual: { a: { std: usual } } }).length;
  assertEquals([of(0.5 / 29.9, 0.01), of(0.5 / 30.1, 0.01)], [0, 1]);
  assertEquals([of(0.5 * 9.9, 9), of(0.5 * 10.1, 9)], [0, 1]);
});

Deno.test("judgeScaleByTheory() allows three standard deviations of what theory is unsure of", () => {
  const theory = (doubts: number[]) => ({
    critical: doubts.slice(1).map((doubt) => ({ a: { std: 0.5, doubt } })),
    usual: { a: { std: 0.5, doubt: doubts[0] } },
  });
  // exp(1.5) = 4.48.
  for (const doubts of [[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]) {
    assertEquals(scale(0.5 * 4.4, theory(doubts)), []);
    assertEquals(scale(0.5 * 4.5, theory(doubts)).length, 1);
  }
  // Less than a factor of 2 makes it no stricter.
  assertEquals(scale(0.5 * 1.99, theory([0.1, 0.1])), []);
});

Deno.test("judgeScaleByTheory() compares with a target where one is asked for, and with nothing else", () => {
  const theory = { critical: [{ a: { std: 0.5, doubt: 9 } }], usual: { a: { std: 4 } } };
  const of = (std: number) => scale(std, theory, { target: 0.1 });
  assertEquals([of(0.199), of(0.051)], [[], []]);
  assertEquals([of(0.201)[0].kind, of(0.049)[0].kind], ["large", "small"]);
  assertEquals(said(of(0.201)[0].message).includes("should be about 0.1 (0.05 to 0.2)"), true);
});

Deno.test("judgeScaleByTheory() leaves out what is no number, does not vary, is not asked about or not described", () => {
  const theory = { critical: [{ a: {} }], usual: { a: {} } };
  assertEquals(scale(99, theory).length, 1);
  assertEquals(scale(0, theory), []);
  assertEquals(scale(99, theory, { layers: [] }), []);
  assertEquals(scale(99, { critical: [{ a: {} }] }), []);
  assertEquals(scale(99, { critical: [{}], usual: { a: {} } }), []);
  const thresholds = { activationScaleFactor: 2, activationTarget: 0 };
  for (const activations of [null, { ...flat(99, 640), nonFinite: 1 }]) {
    const subject = subjectOf([{ name: "a", activations }], theory, thresholds);
    assertEquals(judgeScaleByTheory(subject as never, fix), []);
  }
});

Deno.test("undescribed() says that theory knows no hidden layer with weights, where there is one", () => {
  const of = (layers: Partial<LayerMeasurements>[], local: Record<string, Says> = {}) =>
    undescribed(subjectOf(layers, { local }, {}).network);
  const note = of([{ name: "t", weights: [] }, { name: "a" }, { name: "b" }])!;
  assertEquals(note.severity, "note");
  assertEquals(
    said(note.message).includes("the first of which is a (Dense)"),
    true,
    said(note.message),
  );
  assertEquals(of([{ name: "a" }, { name: "b" }], { b: {} }), null);
  assertEquals(of([]), null);
  assertEquals(of([{ name: "t", weights: [] }]), null);
});
