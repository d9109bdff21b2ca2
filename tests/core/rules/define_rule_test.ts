import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { AssertionError } from "@std/assert/assertion-error";
import { assertRule } from "../../../src/core/assert/assert_rule.ts";
import { assertHealthy } from "../../../src/core/assert/assertions.ts";
import { judgeRun } from "../../../src/gate/judge_run.ts";
import { resolveConfiguration } from "../../../src/gate/resolve_configuration.ts";
import { defineRule } from "../../../src/core/rules/define_rule.ts";
import { MODEL_RULES, RULES } from "../../../src/core/rules/rules.ts";
import { allRules, registerRule } from "../../../src/core/rules/register_rule.ts";
import type { RuleRecord, RuleTag } from "../../../src/core/rules/rule.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { makeMeasurements } from "../../networks/measurements.ts";

const THRESHOLD = {
  default: 512,
  unit: "units",
  range: [1, Infinity] as const,
  source: "own",
  about: "Most units of a layer.",
};

const RECORD: RuleRecord<"mostUnits"> = {
  name: "team/wide-layers",
  tags: ["weights"],
  problem: "layers that are too wide",
  summary: "No layer is too wide.",
  fix: "Use fewer units.",
  thresholds: { mostUnits: THRESHOLD },
  figure: { title: "units", scale: "linear", of: ({ shape }) => shape?.at(-1) ?? null },
  judge: ({ layers, thresholds: { mostUnits } }) =>
    layers.flatMap(({ name, shape }) => {
      const units = shape?.at(-1) ?? 0;
      if (units <= mostUnits) return [];
      return [{
        severity: "error",
        layer: name,
        measured: units,
        expected: `<= ${mostUnits}`,
        threshold: "mostUnits",
        message: `${name} has ${units} units; expected <= ${mostUnits} (mostUnits).`,
        fix: "Use fewer units.",
      }];
    }),
};

const wide = () => makeMeasurements([{ shape: [32, 512] }, { shape: [32, 513] }]);

Deno.test("defineRule() hands its judge the record's thresholds, and names the rule in each finding", () => {
  const rule = defineRule(RECORD);
  const found = rule.run(wide()).map(({ rule, layer }) => [rule, layer]);
  assertEquals(found, [["team/wide-layers", "dense_2"]]);
  assertEquals(rule.run(wide(), { mostUnits: 513 }), []);
  assertEquals(rule.run(wide(), { layers: ["dense_1"] }), []);
});

Deno.test("defineRule() names the rule whose judge throws", () => {
  const cause = new Error("no layers");
  const judge = () => {
    throw cause;
  };
  const rule = defineRule({ ...RECORD, judge });
  const error = assertThrows(() => rule.run(wide()), Error);
  assertEquals(error.message, "The judge of the rule team/wide-layers threw: no layers");
  assertEquals(error.cause, cause);
});

Deno.test("defineRule() keeps what a record says of the rule, and leaves out what it does not say", () => {
  const plain = defineRule(RECORD);
  assertEquals([plain.assertionFailsOnWarnings, plain.level, plain.order], [
    false,
    "error",
    Infinity,
  ]);
  for (
    const key of [
      "causeOrder",
      "matcher",
      "weightsAlone",
      "anyBiases",
      "study",
      "milderWhenTrained",
    ]
  ) {
    assertEquals(key in plain, false, key);
  }
  const given = {
    causeOrder: 3,
    milderWhenTrained: true as const,
    weightsAlone: true as const,
    anyBiases: true,
  };
  const rule = defineRule({ ...RECORD, ...given, order: 7, level: "warn" });
  assertEquals([rule.causeOrder, rule.order, rule.level], [3, 7, "warn"]);
  assertEquals([rule.milderWhenTrained, rule.weightsAlone, rule.anyBiases], [true, true, true]);
  const study = { order: 1, letter: "w", below: "narrow", above: "wide" };
  assertEquals(defineRule({ ...RECORD, study }).study, study);
});

Deno.test("defineRule() keeps the documentation of an assertion where all that it needs is said", () => {
  const said = {
    asserts: "that layers are narrow.",
    fails: "layers are wide",
    throws: "If one is wide.",
    example: { title: "A wide layer", code: "" },
  };
  const documented = (given: object) => defineRule({ ...RECORD, ...given }).assertionDocumentation;
  assertEquals(documented(said), said);
  const refuses = "measurements without shapes";
  assertEquals(documented({ ...said, refuses }), { ...said, refuses });
  for (const key of Object.keys(said)) {
    assertEquals(documented({ ...said, [key]: undefined }), undefined, key);
  }
});

Deno.test("a rule refuses a threshold that is not its own, and one out of its range", () => {
  const rule = defineRule(RECORD);
  const check = (options: object) => () => rule.run(wide(), options);
  assertThrows(
    check({ deadFraction: 0.5 }),
    TypeError,
    "options.deadFraction is not a threshold of team/wide-layers, expected mostUnits",
  );
  assertThrows(
    check({ mostUnit: 1 }),
    TypeError,
    'unknown key "mostUnit"; did you mean "mostUnits"?',
  );
  assertThrows(
    check({ mostUnits: 0.5 }),
    InputError,
    "is 0.5, expected a number from 1 to Infinity",
  );
  // An undefined value was not given.
  assertEquals(rule.run(wide(), { deadFraction: undefined } as object).length, 1);
});

Deno.test("assertRule() throws what a rule finds, with its chart and msg", () => {
  const rule = defineRule(RECORD);
  assertRule(rule, wide(), { mostUnits: 600 });
  const { message } = assertThrows(() => assertRule(rule, wide(), {}, "See."), AssertionError);
  for (const part of ["layers that are too wide (rule team/wide-layers)", "units:", "\nSee."]) {
    assertStringIncludes(message, part);
  }
});

Deno.test("assertRule() rejects a value that is not a rule", () => {
  const expected = "expected what defineRule() makes";
  assertThrows(() => assertRule({} as never, wide()), TypeError, expected);
});

Deno.test("assertRule() fails on warnings only where the rule says so", () => {
  const warns = (assertionFailsOnWarnings: boolean) =>
    defineRule({
      ...RECORD,
      assertionFailsOnWarnings,
      judge: (subject) =>
        RECORD.judge(subject).map((one) => ({ ...one, severity: "warning" as const })),
    });
  assertRule(warns(false), wide());
  assertThrows(() => assertRule(warns(true), wide()), AssertionError);
});

const WRONG: [object, string][] = [
  [{ name: "Wide Layers" }, 'name is "Wide Layers", expected words in small letters'],
  [{ name: undefined }, "name is undefined, expected words"],
  [{ fix: " " }, 'fix of the rule team/wide-layers is " ", expected a text'],
  [{ tags: ["speed"] }, "expected an array of weights, signal, data, task"],
  [{ stage: "late" }, 'stage of the rule team/wide-layers is "late", expected "any" or "initial"'],
  [{ level: "off" }, 'level of the rule team/wide-layers is "off"'],
  [{ figure: undefined }, "figure of the rule team/wide-layers is undefined"],
  [{ figure: { title: "units", scale: "linear" } }, "and a function of"],
  [{ study: { order: 1, letter: "ww" } }, "study of the rule team/wide-layers is an object"],
  [{ judge: [] }, "judge of the rule team/wide-layers is an empty array, expected a function"],
  [{ thresholds: { layers: THRESHOLD } }, 'is "layers", expected one in camel case'],
  [{ thresholds: { mostUnits: 3 } }, "thresholds.mostUnits of the rule team/wide-layers is 3"],
  [{ thresholds: { mostUnits: { ...THRESHOLD, default: 0 } } }, "is 0, expected a number within"],
  [
    { thresholds: { mostUnits: { ...THRESHOLD, default: NaN } } },
    "expected { default, unit, range",
  ],
  [{ thresholds: { mostUnits: { ...THRESHOLD, unit: "" } } }, "expected { default, unit, range:"],
  [
    { thresholds: { mostUnits: { ...THRESHOLD, atMost: "leastUnits" } } },
    'is "leastUnits", expected the name of another threshold',
  ],
];

Deno.test("defineRule() rejects a value that is not a record", () => {
  for (const record of [undefined, null, [], "dead-units"]) {
    const expected = "expected an object that makes a rule";
    assertThrows(() => defineRule(record as never), TypeError, expected);
  }
});

for (const [change, message] of WRONG) {
  Deno.test(`defineRule() refuses a record and says: ${message}`, () => {
    assertThrows(() => defineRule({ ...RECORD, ...change } as never), TypeError, message);
  });
}

Deno.test("a rule whose judge returns no verdicts is refused in one sentence", () => {
  const verdict = {
    severity: "error",
    layer: null,
    measured: null,
    expected: "",
    message: "",
    fix: "",
  };
  const wrong: [unknown, string][] = [
    [undefined, "what the judge of team/wide-layers returns is undefined, expected an array"],
    [[{ ...verdict, message: 3 }], "returns[0].message is 3, expected a text, or what say"],
    [[{ ...verdict, expected: null }], "returns[0].expected is null, expected a text, or a comp"],
    [[{ ...verdict, expected: { bounds: [1] } }], "returns[0].expected.text is undefined"],
    [[{ ...verdict, figures: { a: 1 } }], "returns[0].figures.a is 1, expected an object"],
    [[{ ...verdict, fix: [3] }], "returns[0].fix[0] is 3, expected a text or an object"],
  ];
  for (const [found, message] of wrong) {
    const rule = defineRule({ ...RECORD, judge: () => found as never });
    assertThrows(() => rule.run(wide()), TypeError, message);
  }
});

Deno.test("every rule of this package says all that its assertion and its page need", () => {
  for (const rule of [...RULES, ...MODEL_RULES]) {
    for (
      const key of ["summary", "formula", "source", "misleads", "fix"] as const
    ) {
      assertMatch(rule[key]!, /\S.*\.$/s, `${rule.name}: ${key}`);
    }
    const { asserts, fails, throws, example } = rule.assertionDocumentation!;
    assertMatch(asserts, /^that .*\.$/, rule.name);
    assertMatch(fails, /^[^A-Z].*[^.]$/, rule.name);
    assertMatch(throws, /^If .*\.$/, rule.name);
    assertStringIncludes(example.code, `${rule.assertion}(`);
  }
  for (const { matcher, passes, name } of RULES) {
    assertMatch(matcher!, /^to[A-Z]/, name);
    assertMatch(passes!, /^has /, name);
  }
});

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

const read = (path: string) => Deno.readTextFile(new URL(`../../../${path}`, import.meta.url));

Deno.test("write_a_rule.md names each member of the view that a rule is handed, and no other", async () => {
  const guide = await read("docs/write_a_rule.md");
  const view = await read("src/core/rules/network/network_view.ts");
  const members = [...view.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map(([, name]) => name);
  assert(members.length > 5, `${members}`);
  const named = [...guide.matchAll(/`network\.(\w+)/g)].map(([, name]) => name);
  assertEquals([...new Set(named)].toSorted(), members.toSorted());
});
