import { assertEquals } from "@std/assert";
import { applySuppressions } from "../../src/gate/apply_suppressions.ts";
import type { Suppression } from "../../src/gate/configuration.ts";
import { makeFinding, makeRun } from "./make_run.ts";

const context = { today: "2026-06-15", complete: new Set(["digits"]), all: true };
const suppression: Suppression = { rule: "dead-units", layer: "dense_1", reason: "known" };
const runs = [makeRun([
  makeFinding("dead-units", "dense_1"),
  makeFinding("dead-units", "block/dense_10", { severity: "warning" }),
  makeFinding("dead-units", null),
  makeFinding("symmetry", "dense_1"),
])];

/** Which of the four findings are suppressed. */
function suppressed(given: Partial<Suppression>): number[] {
  const result = applySuppressions(runs, [{ ...suppression, ...given }], context);
  return result.runs[0].findings.flatMap(({ suppressed, severity }, index) => {
    assertEquals(severity === "note", suppressed !== undefined);
    return suppressed === undefined ? [] : [index];
  });
}

Deno.test("applySuppressions() matches rule, layer and model", () => {
  assertEquals(suppressed({}), [0]);
  assertEquals(suppressed({ layer: "dense_2" }), []);
  assertEquals(suppressed({ layer: "dense" }), []);
  assertEquals(suppressed({ model: "digits" }), [0]);
  assertEquals(suppressed({ model: "other" }), []);
  assertEquals(suppressed({ rule: "symmetry" }), [3]);
});

Deno.test("applySuppressions() takes * for any characters, and alone for the whole model too", () => {
  assertEquals(suppressed({ layer: "*" }), [0, 1, 2]);
  assertEquals(suppressed({ layer: undefined }), [0, 1, 2], "the default");
  assertEquals(suppressed({ layer: "dense_*" }), [0]);
  assertEquals(suppressed({ layer: "*/dense_*" }), [1]);
  assertEquals(suppressed({ layer: "*dense_1*" }), [0, 1]);
  assertEquals(suppressed({ layer: "b*c*_*0" }), [1]);
  assertEquals(suppressed({ layer: "dense_1*1" }), []);
  assertEquals(suppressed({ layer: "d.nse_1" }), []);
});

Deno.test("applySuppressions() finds the parts of a pattern one after another", () => {
  const run = makeRun([makeFinding("dead-units", "aaa"), makeFinding("dead-units", "aaaa")]);
  const matches = (layer: string) =>
    applySuppressions([run], [{ ...suppression, layer }], context).runs[0].findings
      .map(({ suppressed }) => suppressed !== undefined);
  assertEquals(matches("*aa*aa*"), [false, true]);
  assertEquals(matches("aa*aa"), [false, true]);
});

Deno.test("applySuppressions() keeps the reason", () => {
  const result = applySuppressions(runs, [suppression], context);
  assertEquals(result.runs[0].findings[0].suppressed, "known");
  assertEquals(result.findings, []);
});

Deno.test("applySuppressions() lets one hold to the end of its day and then says so", () => {
  assertEquals(suppressed({ until: "2026-06-15" }), [0]);
  assertEquals(suppressed({ until: "2026-06-14" }), []);
  const expired = [{ ...suppression, until: "2026-06-14" }];
  const { findings } = applySuppressions(runs, expired, context);
  assertEquals(findings.map(({ rule, message }) => [rule, message]), [[
    "expired-suppression",
    "The suppression of dead-units on dense_1 expired after 2026-06-14.",
  ]]);
});

Deno.test("applySuppressions() says which match nothing, unless that cannot be known", () => {
  const unused = { ...suppression, layer: "dense_7" };
  const rules = (suppressions: Suppression[], given: Partial<typeof context>) =>
    applySuppressions(runs, suppressions, { ...context, ...given }).findings.map((f) => f.rule);
  assertEquals(rules([suppression, unused], {}), ["unused-suppression"]);
  assertEquals(rules([unused], { all: false }), []);
  assertEquals(rules([{ ...unused, model: "digits" }], { all: false }), ["unused-suppression"]);
  assertEquals(rules([{ ...unused, model: "other" }], {}), []);
});
