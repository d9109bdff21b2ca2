import { assert, assertEquals, assertThrows } from "@std/assert";
import { GATE_RULES, PRESETS } from "../../src/gate/gate_rules.ts";
import { GateError } from "../../src/core/diagnosis/gate_result.ts";
import { resolveConfiguration } from "../../src/gate/resolve_configuration.ts";
import type { Configuration } from "../../src/gate/configuration.ts";
import { assertRefused } from "../assert_refused.ts";

const resolve = (configuration: Configuration) =>
  resolveConfiguration(configuration, { file: "gate.json", locate: (path) => `up/${path}` });

Deno.test("resolveConfiguration() turns every rule on by default", () => {
  const { rules, maxWarnings, baseline, baselineNamed, ...rest } = resolve({});
  assertEquals(rest.extends, "recommended");
  assertEquals(Object.keys(rules), GATE_RULES.map(({ name }) => name));
  assert(Object.values(rules).every(({ level }) => level !== "off"));
  assertEquals(rules["dead-units"].thresholds.deadFraction, 0.5);
  assertEquals([maxWarnings, baseline, baselineNamed], [
    null,
    "up/gradient-health.baseline.json",
    false,
  ]);
});

Deno.test("resolveConfiguration() allows no warning if weak networks fail, unless it is told how many", () => {
  assertEquals(resolve({ failOn: "weak" }).maxWarnings, 0);
  assertEquals(resolve({ failOn: "sick" }).maxWarnings, null);
  assertEquals(resolve({ extends: "strict", failOn: "sick" }).maxWarnings, null);
  assertEquals(resolve({ failOn: "weak", maxWarnings: 2 }).maxWarnings, 2);
});

Deno.test("resolveConfiguration() lets a rule's entry go before the preset", () => {
  const { rules, maxWarnings, trialBudget } = resolve({
    extends: "init",
    maxWarnings: 7,
    trialBudget: 2.5,
    rules: {
      "initial-loss": "warn",
      "dead-units": ["error", { deadFraction: 0.7 }],
      "symmetry": ["off"],
    },
  });
  assertEquals(rules["initial-loss"].level, "warn");
  assertEquals(rules["dead-units"].thresholds, {
    deadFraction: 0.7,
    deadFractionWarning: 0.2,
    minExamples: 8,
  });
  assertEquals(rules.symmetry.level, "off");
  assertEquals([maxWarnings, trialBudget], [7, 2.5]);
});

Deno.test("the presets name rules that exist, and differ as they say", () => {
  const names = GATE_RULES.map(({ name }) => name).sort();
  for (const { levels } of Object.values(PRESETS)) {
    assertEquals(Object.keys(levels()).sort(), names);
  }
  const off = (name: keyof typeof PRESETS) =>
    Object.entries(PRESETS[name].levels()).flatMap(([rule, level]) =>
      level === "off" ? [rule] : []
    );
  assertEquals([off("recommended"), off("strict")], [[], []]);
  assertEquals(off("init").sort(), [
    "baseline",
    "initial-loss",
    "input-normalized",
    "learning-rate",
    "output-head",
    "regularization",
    "target-normalized",
    "trial",
  ]);
  assertEquals(Object.values(PRESETS).map((preset) => preset.failOn), ["sick", "weak", "sick"]);
});

Deno.test("resolveConfiguration() finds files from the configuration's folder on", () => {
  const { models: [first, second], baseline, baselineNamed } = resolve({
    models: [
      { path: "a.ts", batch: "b.json", register: ["r.ts"], seeds: "2..4" },
      { name: "second", path: "a.ts", weights: "w.pt" },
    ],
    baseline: "figures.json",
  });
  assertEquals([first.name, first.path, first.batch], ["a.ts", "up/a.ts", "up/b.json"]);
  assertEquals([first.register, first.seeds], [["up/r.ts"], [2, 3, 4]]);
  assertEquals([second.name, second.seeds], ["second", null]);
  assertEquals([first.weights, second.weights], [null, "up/w.pt"]);
  assertEquals([baseline, baselineNamed], ["up/figures.json", true]);
});

Deno.test("resolveConfiguration() refuses two models of one name", () => {
  const models = [{ path: "a.ts" }, { name: "a.ts", path: "b.ts" }];
  assertRefused(
    () => resolve({ models }),
    { place: "gate.json: models", found: '"a.ts" twice', expected: "a different name for each" },
    GateError,
  );
});

Deno.test("resolveConfiguration() refuses a suppression of an unknown model or day", () => {
  const suppression = { rule: "symmetry", layer: "a", reason: "b" };
  assertThrows(
    () =>
      resolve({
        models: [{ name: "digits", path: "a.ts" }],
        suppressions: [{ ...suppression, model: "digit" }],
      }),
    GateError,
    'gate.json: suppressions[0].model is "digit"; did you mean "digits"?',
  );
  assertRefused(
    () => resolve({ suppressions: [{ ...suppression, until: "2026-02-30" }] }),
    {
      place: "gate.json: suppressions[0].until",
      found: '"2026-02-30"',
      expected: "a day, YYYY-MM-DD",
    },
    GateError,
  );
  resolve({ suppressions: [{ ...suppression, until: "2028-02-29" }] });
});

Deno.test("resolveConfiguration() lists up to ten models if a suppression names none of them", () => {
  const listed = (count: number) => {
    const models = Array.from({ length: count }, (_, i) => ({ name: `net${i}`, path: `${i}.ts` }));
    const suppressions = [{ rule: "symmetry", layer: "a", reason: "b", model: "other" }];
    const { message } = assertThrows(() => resolve({ models, suppressions }), GateError);
    return message.match(/expected one of (.*)$/)![1].split(", ");
  };
  assertEquals(listed(0), ["none: no model is listed"]);
  assertEquals(listed(2), ["net0", "net1"]);
  assertEquals(listed(11).length, 10);
});
