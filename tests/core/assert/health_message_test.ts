import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { healthMessage, warningLines } from "../../../src/core/assert/health_message.ts";
import { RULES } from "../../../src/core/rules/rules.ts";
import { diagnose } from "../../../src/core/diagnosis/diagnose.ts";
import type { Cause, Diagnosis } from "../../../src/core/diagnosis/diagnosis.ts";
import { finding, layer, measurements } from "../../networks/sample.ts";

const sample = measurements([layer("dense_1", {})]);
/** Examples that differ, and so cause nothing. */
const inputs = sample.batch.perInput.map((input) => ({
  ...input,
  values: { ...input.values, std: 0.8 },
}));
const measured = { ...sample, batch: { ...sample.batch, perInput: inputs } };

/** The lines of a message about errors of some rules. */
function lines(rules: readonly string[]): string[] {
  const errors = rules.map((rule) => finding("dense_1", { rule, fix: `fix of ${rule}` }));
  return healthMessage({ measurements: measured, diagnosis: diagnose(measured, errors) }, undefined)
    .split("\n");
}

/** The rules whose fix is printed, in its order, where all of these fail. */
function advised(rules: readonly string[]): string[] {
  return lines(rules).filter((line) => line.startsWith("   Fix: "))
    .map((line) => line.replace("   Fix: fix of ", ""));
}

Deno.test("healthMessage() gives the fix of the causes before that of the symptoms", () => {
  assertEquals(advised(["saturated-activations", "initial-loss", "bias-init"]), [
    "bias-init",
    "initial-loss",
    "saturated-activations",
  ]);
});

Deno.test("healthMessage() leaves symptoms alone in the order of the rules", () => {
  const symptoms = ["gradients-flow", "vanishing-gradients", "dead-units", "activation-scale"];
  assertEquals(advised(symptoms), symptoms.slice(0, 3));
});

Deno.test("healthMessage() counts causes, shows three and names every broken rule", () => {
  const all = RULES.map(({ name }) => name);
  const [first, ...others] = lines(all);
  assertMatch(first, /^Model "[^"]*" \(seed .*\) is SICK: \d+ causes$/);
  const count = Number(/(\d+) causes$/.exec(first)![1]);
  assertEquals(others.filter((line) => /^\d\. /.test(line)).length, 3);
  assertEquals(others.includes(`${count - 3} more causes not shown.`), true);
  const broken = others.find((line) => line.startsWith("Broken rules: "))!;
  for (const rule of all) assertStringIncludes(broken, rule);
});

const cause: Cause = {
  kind: "kernel-scale",
  severity: "error",
  layers: ["dense_1"],
  message: "The kernel of dense_1 is 9 times too large.",
  consequences: [{
    rule: "dead-units",
    problem: "dead units",
    severity: "error",
    layers: ["dense_1"],
  }],
  findings: [finding("dense_1", { rule: "init-scale" })],
  fixes: [{ kind: "rebuild", what: "Draw it smaller." }],
  tried: {
    worked: true,
    errors: 2,
    left: 0,
    verdict: "healthy",
    figure: { title: "l2 of delta", layer: "dense_1", before: 1e-9, after: 0.5 },
  },
};

Deno.test("healthMessage() says what was tried, before and after, what follows and what training has shown", () => {
  const trial = {
    verdict: "fails",
    said: "in 40 steps of Adam, nothing",
    fixed: "in 9 steps, it learns",
    fixedVerdict: "learns",
  };
  const diagnosis = { verdict: "sick" as const, causes: [cause], notes: [], trial };
  const text = healthMessage({ measurements: measured, diagnosis }, "Mine.");
  assertStringIncludes(
    text,
    `is SICK: 1 cause
1. The kernel of dense_1 is 9 times too large.
   Fix: Draw it smaller.
   Tried: the model is then HEALTHY; l2 of delta of dense_1: 1e-9 before, 0.5 after.
   As a result: dead units in dense_1.
Trial failed: in 40 steps of Adam, nothing.
Trial passed with the fixes: in 9 steps, it learns.
Broken rules: init-scale.
`,
  );
  assertMatch(text, /\nMine\.$/);
});

Deno.test("healthMessage() leaves warnings to the count, unless nothing else is wrong", () => {
  const warning = { ...cause, severity: "warning" as const, message: "A warning." };
  const say = (causes: Cause[]) => {
    const isSick = causes.some(({ severity }) => severity === "error");
    const diagnosis = { verdict: isSick ? "sick" as const : "weak" as const, causes, notes: [] };
    return healthMessage({ measurements: measured, diagnosis }, undefined);
  };
  const both = say([cause, warning]);
  assertStringIncludes(both, "is SICK: 1 cause, 1 warning\n");
  assertEquals(both.includes("A warning."), false);
  assertStringIncludes(say([warning]), "is WEAK: 1 warning\n1. A warning.");
});

Deno.test("warningLines() has a line for a network that was not judged in full", () => {
  const file = { ...measured, weightsOnly: { format: "safetensors" as const, notes: [] } };
  const linesOf = (measurements: typeof measured) =>
    warningLines({ measurements, diagnosis: diagnose(measurements, []) }, null);
  assertEquals(linesOf(measured), []);
  const [line, ...rest] = linesOf(file);
  assertEquals(rest, []);
  assertMatch(line, /^Model ".*: No finding \(weights only, 6 of \d+ rules\)$/);
});

Deno.test("healthMessage() says how many causes it leaves out, and colours nothing", () => {
  const say = (count: number) => {
    const diagnosis = { verdict: "sick" as const, causes: Array(count).fill(cause), notes: [] };
    return healthMessage({ measurements: measured, diagnosis }, undefined);
  };
  assertEquals(say(3).includes("not shown"), false);
  assertStringIncludes(say(4), "\n1 more cause not shown.\n");
  assertStringIncludes(say(1), "is SICK: 1 cause\n1. The kernel");
});

Deno.test("healthMessage() draws as many bars as its 22 lines leave room for, from 2 to 7", () => {
  const names = Array.from({ length: 40 }, (_, i) => `dense_${i + 1}`);
  const deep = { ...measured, layers: names.map((name) => layer(name, {})) };
  const trial = { verdict: "fails", said: "nothing", fixedVerdict: "learns" };
  const rates = { said: "The loss falls at no rate." } as never;
  /** Returns the number of lines, and of bars. */
  const drawn = (count: number, more: Partial<Diagnosis>) => {
    const causes = Array(count).fill(cause);
    const diagnosis = { verdict: "sick" as const, causes, notes: [], ...more };
    const text = healthMessage({ measurements: deep, diagnosis }, undefined).split("\n");
    return [text.length, text.filter((line) => line.includes(" |")).length];
  };
  assertEquals(drawn(1, {}), [16, 7]);
  assertEquals(drawn(3, {}), [22, 5]);
  assertEquals(drawn(4, {}), [22, 4]);
  assertEquals(drawn(4, { trial }), [22, 3]);
  assertEquals(drawn(4, { trial: { ...trial, fixed: "it learns" } }), [22, 2]);
  assertEquals(drawn(4, { trial: { ...trial, fixed: "it learns" }, rates }), [18, 0]);
});
