import { assertEquals } from "@std/assert";
import { makeFinding } from "../../src/rules/finding.ts";
import { weighTrial } from "../../src/diagnosis/weigh_trial.ts";
import { makeTrial } from "../networks/probes.ts";

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
  assertEquals(severity("too-large", "initial-loss"), "error");
  assertEquals(severity("no-softmax", "output-head"), "warning");
  assertEquals(severity("targets-outside", "output-head"), "warning");
});
