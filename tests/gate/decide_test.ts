import { assertEquals, assertThrows } from "@std/assert";
import { applySuppressions, decide } from "../../src/gate/decide.ts";
import { type Configuration, parseSeeds, type Suppression } from "../../src/gate/configuration.ts";
import { GateError } from "../../src/core/diagnosis/gate_result.ts";
import { judgeRun } from "../../src/gate/judge_run.ts";
import { resolveConfiguration } from "../../src/gate/resolve_configuration.ts";
import { runRules } from "../../src/core/rules/judge_rule.ts";
import { flat, makeMeasurements } from "../networks/measurements.ts";
import { makeFinding, makeRun } from "./make_run.ts";
import { assertRefused } from "../assert_refused.ts";

const context = { today: "2026-06-15", complete: new Set(["digits"]), all: true, skipped: 0 };
const settings = (configuration: Configuration) =>
  resolveConfiguration(configuration, { file: "gate.json" });
const warning = makeFinding("dead-units", "dense_1", { severity: "warning" });
const error = makeFinding("symmetry", "dense_1");
const note = makeFinding("dead-units", null, { severity: "note" });

Deno.test("decide() passes warnings and notes, and fails on an error", () => {
  const passes = (findings: typeof error[]) =>
    decide([makeRun(findings)], settings({}), context).passed;
  assertEquals([passes([]), passes([warning, note]), passes([warning, error])], [
    true,
    true,
    false,
  ]);
});

Deno.test("decide() fails on one warning more than may pass", () => {
  const runs = [makeRun([warning]), makeRun([warning], { seed: 1 })];
  const passes = (maxWarnings: number) => decide(runs, settings({ maxWarnings }), context).passed;
  assertEquals([passes(2), passes(1)], [true, false]);
  assertEquals(decide(runs, settings({ extends: "strict" }), context).passed, false);
});

Deno.test("decide() fails on a pass that could not be made", () => {
  const run = makeRun([], { measurements: null, error: "gone" });
  const { passed, summary } = decide([run], settings({}), context);
  assertEquals([passed, summary.unmeasured], [false, 1]);
});

Deno.test("decide() counts what is suppressed apart", () => {
  const suppressions = [{ rule: "symmetry", layer: "dense_*", reason: "tied on purpose" }];
  const result = decide([makeRun([error, warning])], settings({ suppressions }), context);
  assertEquals(result.passed, true);
  assertEquals(result.summary, {
    errors: 0,
    warnings: 1,
    notes: 0,
    suppressed: 1,
    unmeasured: 0,
    skipped: 0,
  });
});

Deno.test("decide() weighs what is wrong with a suppression by the level of its rule", () => {
  const suppressions = [{ rule: "symmetry", layer: "dense_7", reason: "gone" }];
  const of = (level: "off" | "warn" | "error") => {
    const { findings, passed } = decide(
      [makeRun([])],
      settings({ suppressions, rules: { "unused-suppression": level } }),
      context,
    );
    return [findings.map(({ severity }) => severity), passed];
  };
  assertEquals(of("off"), [[], true]);
  assertEquals(of("warn"), [["warning"], true]);
  assertEquals(of("error"), [["error"], false]);
});

const rules = (configuration: Configuration["rules"]) =>
  resolveConfiguration({ rules: configuration }).rules;
const saturated = makeMeasurements([{}, { saturatedFraction: 0.8 }, {}]);
const found = (configuration: Configuration["rules"]) =>
  judgeRun(saturated, rules(configuration))
    .filter(({ rule }) => rule === "saturated-activations")
    .map(({ severity }) => severity);

Deno.test("judgeRun() finds by default what runRules() finds", () => {
  assertEquals(judgeRun(saturated, rules({})), runRules(saturated));
});

Deno.test("judgeRun() only notes what rules about initialisation find in a trained network", () => {
  const wide = makeMeasurements([{ preActivations: flat(9, 640), activations: flat(9, 640) }]);
  const severities = (trained?: boolean) => [
    ...new Set(
      judgeRun(wide, rules({}), { trained })
        .filter(({ rule }) => rule === "activation-scale").map(({ severity }) => severity),
    ),
  ];
  assertEquals([severities(false), severities(true)], [["warning"], ["note"]]);
});

Deno.test("judgeRun() obeys the level of a rule", () => {
  assertEquals(found({ "saturated-activations": "error" }), ["error"]);
  assertEquals(found({ "saturated-activations": "warn" }), ["warning"]);
  assertEquals(found({ "saturated-activations": "off" }), []);
});

Deno.test("judgeRun() hands a rule its own thresholds", () => {
  const over = (saturatedFraction: number, saturatedFractionWarning: number) =>
    found({ "saturated-activations": ["error", { saturatedFraction, saturatedFractionWarning }] });
  assertEquals([over(0.79, 0.5), over(0.8, 0.79), over(0.8, 0.8)], [["error"], ["warning"], []]);
});

const day = { today: "2026-06-15", complete: new Set(["digits"]), all: true };
const suppression: Suppression = { rule: "dead-units", layer: "dense_1", reason: "known" };
const runs = [makeRun([
  makeFinding("dead-units", "dense_1"),
  makeFinding("dead-units", "block/dense_10", { severity: "warning" }),
  makeFinding("dead-units", null),
  makeFinding("symmetry", "dense_1"),
])];

/** Suppressed ones of the four findings. */
function suppressed(given: Partial<Suppression>): number[] {
  const result = applySuppressions(runs, [{ ...suppression, ...given }], day);
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
    applySuppressions([run], [{ ...suppression, layer }], day).runs[0].findings
      .map(({ suppressed }) => suppressed !== undefined);
  assertEquals(matches("*aa*aa*"), [false, true]);
  assertEquals(matches("aa*aa"), [false, true]);
});

Deno.test("applySuppressions() keeps the reason", () => {
  const result = applySuppressions(runs, [suppression], day);
  assertEquals(result.runs[0].findings[0].suppressed, "known");
  assertEquals(result.findings, []);
});

Deno.test("applySuppressions() lets one hold to the end of its day and then says so", () => {
  assertEquals(suppressed({ until: "2026-06-15" }), [0]);
  assertEquals(suppressed({ until: "2026-06-14" }), []);
  const expired = [{ ...suppression, until: "2026-06-14" }];
  const { findings } = applySuppressions(runs, expired, day);
  assertEquals(findings.map(({ rule, message }) => [rule, message]), [[
    "expired-suppression",
    "The suppression of dead-units on dense_1 expired after 2026-06-14.",
  ]]);
});

Deno.test("applySuppressions() says which match nothing, unless that cannot be known", () => {
  const unused = { ...suppression, layer: "dense_7" };
  const rules = (suppressions: Suppression[], given: Partial<typeof day>) =>
    applySuppressions(runs, suppressions, { ...context, ...given }).findings.map((f) => f.rule);
  assertEquals(rules([suppression, unused], {}), ["unused-suppression"]);
  assertEquals(rules([unused], { all: false }), []);
  assertEquals(rules([{ ...unused, model: "digits" }], { all: false }), ["unused-suppression"]);
  assertEquals(rules([{ ...unused, model: "other" }], {}), []);
});

Deno.test("parseSeeds() reads a number of draws, lists and ranges", () => {
  assertEquals(parseSeeds("3", "here"), [0, 1, 2]);
  assertEquals(parseSeeds("1", "here"), [0]);
  assertEquals(parseSeeds("1, 5,2", "here"), [1, 5, 2]);
  assertEquals(parseSeeds("0..3,9", "here"), [0, 1, 2, 3, 9]);
  assertEquals(parseSeeds("4..4", "here"), [4]);
});

for (const text of ["", "a", "0", "-1", "1.5", "3..1", "1...3", "1,", "99999999999999999999"]) {
  Deno.test(`parseSeeds() refuses ${JSON.stringify(text)}`, () => {
    assertThrows(
      () => parseSeeds(text, "here"),
      GateError,
      `here is ${JSON.stringify(text)}, expected how many draws (10), or seeds (1,2,5`,
    );
  });
}

Deno.test("parseSeeds() rejects a seed that is given twice, and far too many seeds", () => {
  assertRefused(
    () => parseSeeds("0..3,2", "here"),
    { place: "here", found: '"0..3,2"', expected: "every seed once" },
    GateError,
  );
  assertEquals(parseSeeds("1..10000", "here").length, 10000);
  assertEquals(parseSeeds("10000", "here").length, 10000);
  assertThrows(() => parseSeeds("10001", "here"), GateError, "at most 10000 seeds");
  assertEquals(parseSeeds("20000", "here", 20000).length, 20000);
  assertThrows(() => parseSeeds("0..10000", "here"), GateError, "at most 10000 seeds");
});
