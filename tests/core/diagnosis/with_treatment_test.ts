import { assertEquals } from "@std/assert";
import type { Finding } from "../../../src/core/rules/finding.ts";
import {
  type Cause,
  type Diagnosis,
  withTreatment,
} from "../../../src/core/diagnosis/diagnosis.ts";
import { finding } from "../../networks/sample.ts";

const failed = (severity: Finding["severity"]) => finding(null, { rule: "trial", severity });
const scale = (severity: Finding["severity"]) => finding("a", { rule: "init-scale", severity });

const cause = (kind: string, layers: string[], found: Finding[], more: Partial<Cause> = {}) => ({
  kind,
  layers,
  findings: found,
  severity: found[0].severity,
  message: `${kind}.`,
  consequences: [],
  fixes: [],
  ...more,
});
const FIX = { kind: "rebuild", what: "Draw it smaller." } as const;
const sick = (...causes: Cause[]): Diagnosis => ({ verdict: "sick", causes, notes: [] });

/** Findings under each cause, in their order. */
const shown = ({ causes }: Diagnosis) =>
  causes.map(({ kind, severity, findings }) => [
    `${severity} ${kind}`,
    ...findings.map(({ rule }) => rule),
  ]);

Deno.test("withTreatment() puts a failed trial under what a pass only warned of, fixes with it", () => {
  const other = cause("head", ["b"], [finding("b", { rule: "output-head", severity: "warning" })]);
  const known = cause("kernel-scale", ["a"], [scale("warning")]);
  const found = cause("kernel-scale", ["a"], [failed("error"), scale("warning")], {
    fixes: [FIX],
  });
  const lone = cause("trial", [], [failed("error")]);
  const diagnosis = withTreatment(sick(lone, other, known), sick(found, other));
  assertEquals(shown(diagnosis), [
    ["error kernel-scale", "trial", "init-scale"],
    ["warning head", "output-head"],
  ]);
  assertEquals(diagnosis.causes[0].fixes, [FIX]);
});

Deno.test("withTreatment() names what only training has shown in place of the trial", () => {
  const found = cause("dropout", ["a"], [failed("error")], { fixes: [FIX] });
  const diagnosis = withTreatment(sick(cause("trial", [], [failed("error")])), sick(found));
  assertEquals(shown(diagnosis), [["error dropout", "trial"]]);
  assertEquals([diagnosis.causes[0].message, diagnosis.causes[0].fixes], ["dropout.", [FIX]]);
});

Deno.test("withTreatment() keeps the graver severity where the trial only warns, and errors first", () => {
  const known = cause("kernel-scale", ["a"], [scale("error")]);
  const lone = cause("trial", [], [failed("warning")]);
  const found = cause("kernel-scale", ["a"], [failed("error"), scale("error")]);
  assertEquals(shown(withTreatment(sick(known, lone), sick(found))), [
    ["error kernel-scale", "trial", "init-scale"],
  ]);
});

Deno.test("withTreatment() leaves causes apart where the trial has another, or none is known", () => {
  const known = cause("kernel-scale", ["a"], [scale("warning")]);
  const lone = cause("trial", [], [failed("error")]);
  const apart = [["error trial", "trial"], ["warning kernel-scale", "init-scale"]];
  assertEquals(shown(withTreatment(sick(lone, known), sick(lone, known))), apart);
  // The gate may not count the trial at all.
  assertEquals(shown(withTreatment(sick(known), sick(lone))), apart.slice(1));
});
