import { assertEquals, assertMatch } from "@std/assert";
import { MonitorState, type OnFinding } from "../../src/assert/monitor_state.ts";
import { atMost } from "../../src/rules/expected.ts";
import { defineRule } from "../../src/rules/define_rule.ts";
import { say } from "../../src/rules/say.ts";
import { layer, measurements } from "../networks/sample.ts";

/** A rule that fails from a loss of 2 on. */
const lossRule = defineRule({
  name: "team/loss",
  tags: ["data"],
  problem: "a large loss",
  summary: "Fails from a loss of 2 on.",
  fix: "Train on.",
  figure: { title: "none", scale: "linear", of: () => null },
  judge: ({ measurements: { objective: { value } } }) =>
    value < 2 ? [] : [{
      severity: "error",
      kind: "large",
      layer: null,
      measured: value,
      expected: atMost(2),
      message: say`The loss is too large.`,
      fix: say`Train on.`,
    }],
});

function open(onFinding: OnFinding, every?: number) {
  const state = new MonitorState({ every, rules: [lossRule], ruleOptions: {}, onFinding });
  /** Measures a loss after some batches. */
  const measure = (step: number, value: number) => {
    state.step = step;
    const snapshot = {
      started: performance.now(),
      measurements: {
        ...measurements([layer("dense_1", {})]),
        objective: { name: "meanSquaredError", value, randomTargets: false },
      },
      updates: new Map(),
      by: { optimizer: "SGD", learningRate: 0.01 },
      isEnd: false,
    };
    state.record(snapshot);
    return state.respond(snapshot);
  };
  return { state, measure };
}

Deno.test("MonitorState is due after some early steps by default, otherwise each `every` batches", () => {
  const steps = Array.from({ length: 205 }, (_, i) => i + 1);
  const due = (every?: number) => steps.filter((step) => open("keep", every).state.isDue(step));
  assertEquals(due(), [1, 2, 5, 10, 20, 50, 100, 200]);
  assertEquals(due(90), [90, 180]);
});

Deno.test("MonitorState passes an error before batch 100 on the default schedule alone", () => {
  for (
    const [every, step, passes] of [[undefined, 99, true], [undefined, 100, false], [9, 9, false]]
  ) {
    const { measure } = open("throw", every as number | undefined);
    measure(0, 1);
    const { stops, failure } = measure(step as number, 2);
    assertEquals([stops, failure === null], [false, passes]);
    if (failure !== null) assertMatch(failure, /The loss is too large\./);
  }
});

Deno.test("MonitorState stops, asks, and knows what it has measured", () => {
  const stopping = open("stop", 5);
  assertEquals(stopping.state.isMeasured, false);
  assertEquals(stopping.measure(5, 1.99), { stops: false, failure: null });
  assertEquals(stopping.measure(10, 2), { stops: true, failure: null });
  assertEquals(stopping.state.isMeasured, true);
  stopping.state.step++;
  assertEquals(stopping.state.isMeasured, false);
  assertEquals(stopping.state.history.map(({ step }) => step), [5, 10]);
  const asking = open((finding, { step }) => finding.measured === 3 && step > 5 ? "stop" : "keep");
  assertEquals([asking.measure(5, 3), asking.measure(10, 3)].map(({ stops }) => stops), [
    false,
    true,
  ]);
});
