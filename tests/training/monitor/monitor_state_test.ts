import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MonitorState, type OnFinding } from "../../../src/training/monitor/monitor_state.ts";
import { defineRule } from "../../../src/core/rules/define_rule.ts";
import { atMost, say } from "../../../src/core/rules/say.ts";
import type { Rule } from "../../../src/core/rules/rule.ts";
import type { TrainingFinding } from "../../../src/training/judge_training.ts";
import { layer, measurements } from "../../networks/sample.ts";

/** A rule that warns from a loss of 2 on, and fails from a loss of 3 on. */
const lossRule = defineRule({
  name: "team/loss",
  tags: ["data"],
  problem: "a large loss",
  summary: "Fails from a loss of 3 on.",
  fix: "Train on.",
  figure: { title: "none", scale: "linear", of: () => null },
  judge: ({ measurements: { objective: { value } } }) =>
    value < 2 ? [] : [{
      severity: value < 3 ? "warning" : "error",
      kind: "large",
      layer: null,
      measured: value,
      expected: atMost(2),
      message: say`The loss is too large.`,
      fix: say`Train on.`,
    }],
});

/** A rule that notes something of every network. */
const noteRecord = {
  name: "team/note",
  tags: ["data" as const],
  problem: "nothing",
  summary: "Notes something.",
  fix: "Nothing to do.",
  figure: { title: "none", scale: "linear" as const, of: () => null },
  judge: () => [{
    severity: "note" as const,
    kind: "any",
    layer: null,
    measured: null,
    expected: "nothing",
    message: say`Something is noted.`,
    fix: say`Nothing to do.`,
  }],
};

/** Finding of a rule over trainings. */
const found = (over: Partial<TrainingFinding> = {}): TrainingFinding => ({
  rule: "spike",
  kind: "spike",
  step: 7,
  severity: "warning",
  layer: null,
  measured: 20,
  limit: 10,
  message: "The loss jumps.",
  fix: "Clip the gradients.",
  since: 7,
  ...over,
});

interface Settings {
  every?: number;
  trainingRules?: string[];
  rules?: Rule[];
}

function open(onFinding: OnFinding, { rules = [lossRule], ...settings }: Settings = {}) {
  const options = { every: undefined, ruleOptions: {}, ...settings };
  const state = new MonitorState({ ...options, rules, onFinding });
  /** Measures a loss after some batches. */
  const measure = (
    step: number,
    value: number,
    { latest = [], rms = 0.1 }: { latest?: TrainingFinding[]; rms?: number } = {},
  ) => {
    state.step = step;
    const one = layer("dense_1", {});
    for (const { values } of one.weights) values.rms = rms;
    const judged = state.judged({
      started: performance.now(),
      measurements: {
        ...measurements([one]),
        objective: { name: "meanSquaredError", value, randomTargets: false },
      },
      updates: new Map(),
      isEnd: false,
    });
    state.record(judged, latest);
    return state.respond();
  };
  return { state, measure };
}

/** Returns the lines that some work prints on stderr. */
function printed(work: () => void): string[] {
  const { error } = console;
  const lines: string[] = [];
  console.error = (line: string) => void lines.push(line);
  try {
    work();
  } finally {
    console.error = error;
  }
  return lines;
}

Deno.test("MonitorState is due after some early steps by default, otherwise each `every` batches", () => {
  const steps = Array.from({ length: 205 }, (_, i) => i + 1);
  const due = (every?: number) => steps.filter((step) => open("keep", { every }).state.isDue(step));
  assertEquals(due(), [1, 2, 5, 10, 20, 50, 100, 200]);
  assertEquals(due(90), [90, 180]);
  assertEquals([open("keep").state.isDefault, open("keep", { every: 90 }).state.isDefault], [
    true,
    false,
  ]);
});

Deno.test("MonitorState passes an error before batch 100 on the default schedule alone", () => {
  for (
    const [every, step, passes] of [[undefined, 99, true], [undefined, 100, false], [9, 9, false]]
  ) {
    const { measure } = open("throw", { every: every as number | undefined });
    measure(0, 1);
    const { stops, failure } = measure(step as number, 3);
    assertEquals([stops, failure === null], [false, passes]);
    if (failure !== null) assertMatch(failure, /The loss is too large\./);
  }
});

Deno.test("MonitorState stops, asks, and knows what it has measured", () => {
  const every = 5;
  const nothing = { stops: false, lowers: false, failure: null };
  const stopping = open("stop", { every });
  assertEquals(stopping.state.isMeasured, false);
  assertEquals(stopping.measure(5, 1.99), nothing);
  assertEquals(stopping.measure(10, 2.99), nothing);
  assertEquals(stopping.measure(15, 3), { stops: true, lowers: false, failure: null });
  assertEquals(stopping.state.isMeasured, true);
  stopping.state.step++;
  assertEquals(stopping.state.isMeasured, false);
  assertEquals(stopping.state.history.map(({ step }) => step), [5, 10, 15]);
  const lowering = open("lower", { every });
  assertEquals(lowering.measure(5, 1.99), nothing);
  assertEquals(lowering.measure(10, 3), { stops: false, lowers: true, failure: null });
});

Deno.test("MonitorState asks a function about errors and warnings, and stops rather than lowers", () => {
  const asked: string[] = [];
  const { measure } = open((one, { step }) => {
    asked.push(`${one.severity} ${step}`);
    if (one.rule === "spike") return "stop";
    return step > 5 ? "lower" : "keep";
  }, { rules: [lossRule, defineRule(noteRecord)] });
  const answers = [
    measure(5, 3),
    measure(6, 2),
    measure(7, 3, { latest: [found()] }),
  ];
  assertEquals(answers, [
    { stops: false, lowers: false, failure: null },
    { stops: false, lowers: true, failure: null },
    { stops: true, lowers: false, failure: null },
  ]);
  assertEquals(asked, ["error 5", "warning 6", "error 7", "warning 7"]);
});

/** Returns a rule that fails every network. */
const errorRule = (name: string, stage: "initial" | "any" = "any") =>
  defineRule({
    ...noteRecord,
    name,
    stage,
    judge: () => noteRecord.judge().map((one) => ({ ...one, severity: "error" as const })),
  });

Deno.test("MonitorState passes errors of a training that learns, unless rules are named", () => {
  const fails = (
    value: number,
    { start = 10, ...settings }: Settings & { start?: number } = {},
  ) => {
    const { measure } = open("throw", settings);
    printed(() => measure(0, start));
    return measure(100, value).failure !== null;
  };
  // The loss has fallen below nine tenths of that before training.
  assertEquals([8.9, 9, 9.1].map((value) => fails(value)), [false, true, true]);
  assertEquals(fails(8.9, { trainingRules: ["spike"] }), true);
  // Before the first batch, nothing has been learned.
  assertEquals(open("throw", { every: 1 }).measure(0, -1, {}).failure, null);
  const before = open("throw", { every: 1, rules: [errorRule("team/error")] });
  assertEquals(before.measure(0, -1).failure === null, false);
});

Deno.test("MonitorState never passes values that are not finite, nor a cause in training", () => {
  const fails = (rule: string, latest: TrainingFinding[] = []) => {
    const { measure } = open("throw", { rules: [errorRule(rule)] });
    printed(() => measure(0, 10));
    return measure(100, 1, { latest }).failure !== null;
  };
  assertEquals(fails("team/error"), false);
  assertEquals(fails("team/error", [found({ severity: "error" })]), true);
  assertEquals(fails("non-finite"), true);
});

Deno.test("MonitorState is sick after an error, a finding about the training, or a cause", () => {
  const sick = (value: number, latest: TrainingFinding[] = []) => {
    const { state, measure } = open("keep");
    printed(() => measure(100, value, { latest }));
    return state.isSick;
  };
  assertEquals([1.9, 2, 3].map((value) => sick(value)), [false, false, true]);
  assertEquals(sick(1, [found({ severity: "error" })]), true);
  assertEquals(sick(1, [found()]), false);
  assertEquals(sick(1, [found({ rule: "rate-too-high" })]), true);
  const judged = open("keep");
  judged.measure(0, 1);
  judged.state.judge.findings.push(found());
  assertEquals(judged.state.isSick, true);
});

Deno.test("MonitorState needs a record to respond to an error, and a function to any finding", () => {
  const needs = (onFinding: OnFinding, found: TrainingFinding[]) =>
    open(onFinding).state.needsRecord(found);
  const error = found({ severity: "error" });
  assertEquals(needs("throw", [found(), error]), true);
  assertEquals(needs("throw", [found()]), false);
  assertEquals(needs("keep", [error]), false);
  assertEquals(needs(() => "keep", [found()]), true);
  assertEquals(needs(() => "keep", []), false);
});

Deno.test("MonitorState prints a finding without a record once, and shows it in the next record", () => {
  const { state, measure } = open("keep");
  const error = found({ rule: "not-finite", kind: "loss", severity: "error" });
  const lines = printed(() => {
    state.step = 7;
    state.mention([found(), error]);
    state.mention([found()]);
    measure(10, 1);
  });
  assertEquals(lines, [
    "healthMonitor, after 7 batches: warning spike: The loss jumps.",
    "healthMonitor, after 7 batches: error not-finite: The loss jumps. Fix: Clip the gradients.",
  ]);
  const [{ findings, cause }] = state.history;
  assertEquals(findings.map(({ rule, message }) => `${rule}: ${message}`), [
    "spike: Step 7: The loss jumps.",
    "not-finite: Step 7: The loss jumps.",
    "spike: Step 7: The loss jumps.",
  ]);
  assertEquals(cause?.kind, "not-finite");
  printed(() => measure(20, 1));
  assertEquals(state.history[1].findings, []);
});

Deno.test("MonitorState prints an error after a warning of its kind", () => {
  const { measure } = open("keep");
  const lines = printed(() => {
    measure(1, 1, { latest: [found()] });
    measure(2, 1, { latest: [found({ severity: "error", message: "It stays." })] });
  });
  assertEquals(lines.length, 2, lines.join("\n"));
  assertStringIncludes(lines[1], "It stays. Fix: ");
});

Deno.test("MonitorState prints an error with its fix, a cause, or a warning of a training, once each", () => {
  const lines = (value: number, latest: TrainingFinding[] = [], onFinding: OnFinding = "keep") => {
    const { measure } = open(onFinding);
    return printed(() => {
      measure(1, value, { latest });
      measure(2, value, { latest });
    });
  };
  assertEquals(lines(1), []);
  // Only rules over trainings warn on stderr.
  assertEquals(lines(2), []);
  const after = "healthMonitor, after 1 batch:";
  assertEquals(lines(3), [`${after} The loss is too large. Fix: Train on.`]);
  assertEquals(lines(1, [found()]), [`${after} The loss jumps.`]);
  assertEquals(lines(3, [found()]), [`${after} The loss is too large. Fix: Train on.`]);
  const [caused, ...others] = lines(3, [found({ severity: "error" })]);
  assertEquals([caused, others.length], [`${after} The loss jumps. Fix: Clip the gradients.`, 0]);
  assertEquals(lines(3, [found({ severity: "error" })], () => "keep"), []);
});

Deno.test("MonitorState takes an error for the cause, else a rate that has just been found too high", () => {
  const cause = (latest: TrainingFinding[], before: TrainingFinding[] = []) => {
    const { state, measure } = open("keep");
    printed(() => {
      state.mention(before);
      measure(10, 1, { latest });
    });
    return state.history[0].cause?.kind ?? null;
  };
  const rate = found({ rule: "rate-too-high" });
  assertEquals(cause([found()]), null);
  assertEquals(cause([found(), rate]), "rate-too-high");
  assertEquals(cause([found({ severity: "error" }), rate]), "spike");
  assertEquals(cause([], [rate]), null);
  assertEquals(cause([], [found({ severity: "error" })]), "spike");
});

Deno.test("MonitorState goes on from an earlier state without what was found before", () => {
  const { state, measure } = open("keep");
  state.judge.log.setup.optimizer = "SGD";
  const lines = printed(() => {
    state.step = 7;
    state.mention([found()]);
    state.judge.findings.push(found());
    state.lowered({ from: 0.3, to: 0.1, step: 5 });
    state.step = 9;
    state.lowered({ from: 0.1, to: 0.03, step: 8 });
    measure(10, 1);
  });
  assertEquals(lines.slice(1), [
    "healthMonitor, after 7 batches: back to the weights of step 5, with a learning rate of 0.1 " +
    "instead of 0.3.",
    "healthMonitor, after 9 batches: back to the weights of step 8, with a learning rate of 0.03 " +
    "instead of 0.1.",
  ]);
  assertEquals(state.lowerings, [
    { at: 7, backTo: 5, from: 0.3, to: 0.1 },
    { at: 9, backTo: 8, from: 0.1, to: 0.03 },
  ]);
  assertEquals(state.judge.findings, []);
  assertEquals(state.judge.log.setup.optimizer, "SGD");
  assertEquals(state.history[0].findings, []);
});

Deno.test("MonitorState judges a network as trained once a kernel has moved", () => {
  const { state, measure } = open("keep", { rules: [errorRule("team/initial", "initial")] });
  printed(() => {
    measure(0, 1);
    measure(1, 1);
    measure(2, 1, { rms: 0.2 });
  });
  const severities = state.history.map(({ findings: [{ severity }] }) => severity);
  assertEquals(severities, ["error", "error", "note"]);
});

Deno.test("MonitorState rejects with what it throws for, and not with warnings", () => {
  const rules = [errorRule("team/error"), lossRule];
  const { failure } = open("throw", { every: 1, rules }).measure(1, 2);
  assertStringIncludes(failure!, "is SICK: 1 cause\n1. Something is noted.");
  assertEquals(failure!.includes("The loss is too large."), false);
});
