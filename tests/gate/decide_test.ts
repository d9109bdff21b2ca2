import { assertEquals } from "@std/assert";
import { decide } from "../../src/gate/decide.ts";
import { resolveConfiguration } from "../../src/gate/resolve_configuration.ts";
import type { Configuration } from "../../src/gate/configuration.ts";
import { makeFinding, makeRun } from "./make_run.ts";

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
