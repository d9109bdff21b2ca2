import { assertEquals } from "@std/assert";
import { makeFinding } from "../../src/rules/finding.ts";
import { weighTrial } from "../../src/diagnosis/weigh_trial.ts";
import { makeAttempt, makeTrial } from "../networks/probes.ts";

Deno.test("weighTrial() leaves what one batch cannot contradict an error", () => {
  const severity = (kind: string, rule = "input-normalized") => {
    const found = makeFinding(rule, {
      severity: "error",
      kind,
      layer: null,
      measured: 70,
      expected: "inputs near 0",
      message: "The inputs are far from 0.",
      fix: "Subtract their mean.",
    });
    return weighTrial([found], makeTrial())[0].severity;
  };
  assertEquals([severity("offset"), severity("constant")], ["error", "warning"]);
  // Examples of a class that no unit stands for are not learned; the others are.
  const standing = ["class-too-large", "class-negative", "class-fraction"];
  standing.push("one-class", "targets-above-one");
  for (const kind of standing) {
    assertEquals(severity(kind, "output-head"), "error");
  }
  assertEquals(severity("no-softmax", "output-head"), "warning");
  assertEquals(severity("targets-outside", "output-head"), "warning");
});

Deno.test("weighTrial() leaves a loss an error that starts more than 1000 times above guessing", () => {
  const severity = (loss: number, accuracy: number | null = null) => {
    const found = makeFinding("initial-loss", {
      severity: "error",
      kind: "too-large",
      layer: "dense",
      measured: loss,
      expected: "about 2",
      figures: { loss: { value: loss, unit: "J" }, high: { value: 2, unit: "J" } },
      message: "The loss is far above guessing.",
      fix: "Draw the head smaller.",
    });
    const trial = makeTrial({ attempts: [makeAttempt({ accuracy })] });
    return weighTrial([found], trial)[0].severity;
  };
  assertEquals([severity(1999), severity(2001)], ["warning", "error"]);
  // Classes are learned from any distance.
  assertEquals(severity(2001, 0.9), "warning");
});
