import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  testGradientHealth,
  type TestGradientHealthOptions,
} from "../../../src/core/assert/test_gradient_health.ts";
import { RULES } from "../../../src/core/rules/rules.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import { assertRefused } from "../../assert_refused.ts";

const create = ({ seed }: { seed: number }) =>
  exerciseModel({ depth: 3, std: 1 / Math.sqrt(20), seed });

testGradientHealth(
  "testGradientHealth() registers a test that passes on a healthy network",
  create,
  {
    seed: 3,
    objective: "meanSquaredError",
    modelRules: ["input-dependence", "numeric-gradients", "weights-change"],
  },
);

/** The log of `deno test` on a file that tests an exercise network of this scale. */
async function log(std: number, options: TestGradientHealthOptions): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: "_test.ts" });
  const url = (path: string) => new URL(`../../../src/${path}`, import.meta.url).href;
  try {
    await Deno.writeTextFile(
      file,
      `import { testGradientHealth } from "${url("core/assert/test_gradient_health.ts")}";
      import { exerciseModel } from "${url("core/model/layers/exercise_model.ts")}";
      const create = ({ seed }) => exerciseModel({ std: ${std}, seed });
      testGradientHealth("the network", create, ${JSON.stringify(options)});`,
    );
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--config", config, file],
      env: { NO_COLOR: "1" },
    }).output();
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("testGradientHealth() has a step for each check, of which those fail that should", async () => {
  const text = await log(200, { modelRules: ["weights-change", "batch-independence"] });
  for (const { name } of RULES) assertMatch(text, new RegExp(`^  ${name} \\.\\.\\. `, "m"));
  assertMatch(text, /^ {2}vanishing-gradients \.\.\. FAILED/m);
  assertMatch(text, /^ {2}saturated-activations \.\.\. FAILED/m);
  assertMatch(text, /^ {2}non-finite \.\.\. ok/m);
  assertMatch(text, /^ {2}weights-change \.\.\. FAILED/m);
  assertMatch(text, /^ {2}batch-independence \.\.\. ok/m);
  assertMatch(text, /Model "exercise" \(seed 0, .* has vanishing gradients/);
});

Deno.test("testGradientHealth() names one cause once, with its fix, and refers to it elsewhere", async () => {
  const text = await log(200, {});
  const cause = "The kernels of dense_2 ... dense_10 are about 890 times too large.";
  const failures = text.slice(text.indexOf("\n ERRORS"), text.indexOf("\n FAILURES"));
  const fixes = failures.split("\n").filter((line) => line.trim().startsWith("Fix: "));
  assertEquals(failures.split(`1. ${cause}`).length, 2, failures);
  const refers = `Fix: See the step init-scale, which names the cause: ${cause}`;
  const own = fixes.filter((line) => line.trim() !== refers);
  assertEquals(own.map((line) => line.trim().slice(0, 27)), ["Fix: Multiply the kernels o"]);
  assert(fixes.length > 3);
});

Deno.test("testGradientHealth() checks the chosen rules with the given thresholds", async () => {
  const rules = ["saturated-activations", "init-scale"];
  const text = await log(200, { rules, saturatedFraction: 1, trained: true });
  const steps = [...text.matchAll(/^ {2}(\S+) \.\.\. (\w+)/gm)].map(([, name, how]) => [name, how]);
  assertEquals(steps, rules.map((rule) => [rule, "ok"]));
});

Deno.test("testGradientHealth() throws a TypeError when it is registered with something wrong", () => {
  const wrong: [unknown, TestGradientHealthOptions, string][] = [
    [null, {}, "create is null, expected a function"],
    [
      create,
      { rules: ["vanishing"] },
      'options.rules has "vanishing"; did you mean "vanishing-gradients"?',
    ],
    [create, { rules: ["dead-unit"] }, 'options.rules has "dead-unit"; did you mean "dead-units"?'],
    [create, { rules: "symmetry" as never }, 'rules is "symmetry", expected an array of names'],
    [create, { satratedFraction: 1 } as never, 'unknown key "satratedFraction"'],
    [create, { objective: "mse" as never }, "expected a function or one of sum"],
    [create, { createBatch: 1 as never }, "createBatch is 1, expected a function"],
    [create, null as never, "options is null, expected an object"],
    [create, { modelRules: ["causal"] }, 'modelRules has "causal"; did you mean "causality"?'],
    [create, { modelRules: ["x"] }, 'modelRules has "x", expected one of input-dependence'],
  ];
  for (const [create, options, text] of wrong) {
    assertThrows(() => testGradientHealth("x", create as never, options), TypeError, text);
  }
  assertThrows(() => testGradientHealth("", create), TypeError, "expected a text");
  assertRefused(
    () => testGradientHealth("x", create, { seed: 0.5 }),
    { place: "options.seed", found: "0.5", expected: "a whole number" },
  );
  assertRefused(
    () => testGradientHealth("x", create, { saturatedFraction: 2 }),
    { place: "options.saturatedFraction", found: "2", expected: "a number from 0 to 1" },
  );
});
