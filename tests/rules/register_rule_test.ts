import { assertHealthy } from "../../src/assert/assertions.ts";
import { judgeRun } from "../../src/gate/judge_run.ts";
import { resolveConfiguration } from "../../src/gate/resolve_configuration.ts";
import { defineRule } from "../../src/rules/define_rule.ts";
import { allRules, registerRule } from "../../src/rules/register_rule.ts";
import type { RuleTag } from "../../src/rules/rule.ts";
import { RULES } from "../../src/rules/rules.ts";
import { runRules } from "../../src/rules/run_rules.ts";
import { makeMeasurements } from "../networks/measurements.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { AssertionError } from "@std/assert/assertion-error";

/** A rule that no network of more layers than a threshold keeps. */
const deep = (name: string, key = "mostLayers", tag: RuleTag = "weights") =>
  defineRule({
    name,
    tags: [tag],
    problem: "too many layers",
    summary: "There are few layers.",
    fix: "Use fewer.",
    thresholds: {
      [key]: { default: 2, unit: "layers", range: [1, 100], source: "own", about: "Most layers." },
    },
    figure: { title: "layers", scale: "linear", of: () => null },
    judge: ({ layers, thresholds }) =>
      layers.length <= thresholds[key] ? [] : [{
        severity: "error",
        layer: null,
        measured: layers.length,
        expected: `<= ${thresholds[key]}`,
        threshold: key,
        message: `There are ${layers.length} layers.`,
        fix: "Use fewer.",
      }],
  });

const mine = deep("team/few-layers");
const ofData = deep("team/data", "mostData", "data");
registerRule(mine);
registerRule(ofData);

const layers = makeMeasurements([{}, {}, {}]);
const own = (findings: { rule: string }[]) =>
  findings.filter(({ rule }) => rule === "team/few-layers");

Deno.test("registerRule() makes a rule the last of all rules, once", () => {
  registerRule(mine);
  assertEquals(allRules(), [...RULES, mine, ofData]);
  assertEquals(own(runRules(layers)).length, 1);
  assertEquals(own(runRules(layers, { mostLayers: 9, deadFraction: 0.4 } as object)), []);
  const { message } = assertThrows(() => assertHealthy(layers), AssertionError);
  assertEquals(message.includes("\n1. There are "), true);
  assertEquals(message.includes("\nBroken rules: team/few-layers, team/data."), true);
});

Deno.test("registerRule() refuses what cannot be one of all rules", () => {
  const refuse = (rule: unknown, message: string) =>
    assertThrows(() => registerRule(rule as typeof mine), TypeError, message);
  refuse({}, "rule is an object, expected what defineRule() makes");
  refuse(deep("dead-units"), 'expected a prefix of your own before it, such as "team/dead-units"');
  refuse(deep("team/few-layers"), "the name of another registered rule");
  refuse(
    deep("team/other", "deadFraction"),
    "The threshold deadFraction of team/other is one of another rule with the default 0.5, expected another name",
  );
});

Deno.test("a gate weighs, configures and turns off a registered rule as any other", () => {
  const judged = (rules: object, extend: "recommended" | "init" = "recommended") => {
    const settings = resolveConfiguration({ rules, extends: extend } as object, { file: "g" });
    return judgeRun(layers, settings.rules)
      .filter(({ rule }) => rule.startsWith("team/"))
      .map(({ rule, severity }) => `${rule} ${severity}`);
  };
  assertEquals(judged({}), ["team/few-layers error", "team/data error"]);
  assertEquals(judged({}, "init"), ["team/few-layers error"]);
  assertEquals(judged({ "team/few-layers": "warn", "team/data": "off" }), [
    "team/few-layers warning",
  ]);
  const loose = { "team/few-layers": ["error", { mostLayers: 9 }], "team/data": "off" };
  assertEquals(judged(loose), []);
  assertThrows(
    () => judged({ "team/few": "off" }),
    Error,
    'g: rules has the unknown rule "team/few"; did you mean "team/few-layers"?',
  );
  assertThrows(
    () => judged({ "team/few-layers": ["error", { mostLayers: 0 }] }),
    Error,
    'g: rules["team/few-layers"]: options.mostLayers is 0, expected a number from 1 to 100',
  );
});
