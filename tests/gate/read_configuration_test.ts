import { assertEquals, assertRejects } from "@std/assert";
import { GateError } from "../../src/gate/gate_result.ts";
import { readConfiguration } from "../../src/gate/read_configuration.ts";

const read = (text: string, key: "gradientHealth" | null = null) =>
  readConfiguration({ file: "gate.jsonc", text, key });

Deno.test("readConfiguration() takes comments, trailing commas and every key", async () => {
  const configuration = await read(`{
    // which schema
    "$schema": "./gradient-health.schema.json",
    "extends": "strict",
    "models": [{
      "name": "digits",
      "path": "digits.ts",
      "batch": "batch.json",
      "objective": "meanSquaredError",
      "examples": 8,
      "seeds": "0..9", /* ten */
      "register": ["layers.ts"],
    }, { "path": "model.json", "seeds": [1, 2] }],
    "rules": { "dead-units": ["error", { "deadFraction": 0.7 }], "symmetry": "off" },
    "suppressions": [
      { "rule": "dead-units", "layer": "dense_*", "model": "digits", "reason": "known",
        "until": "2027-01-31" },
    ],
    "baseline": "figures.json",
    "maxWarnings": 3,
  }`);
  assertEquals(configuration.models?.[0].seeds, "0..9");
  assertEquals(configuration.rules?.["dead-units"], ["error", { deadFraction: 0.7 }]);
  assertEquals(configuration.suppressions?.[0].until, "2027-01-31");
  assertEquals(await read("{}"), {});
});

Deno.test("readConfiguration() takes the key gradientHealth of a deno.json", async () => {
  const text = `{ "tasks": { "unknown": "to us" }, "gradientHealth": { "extends": "init" } }`;
  assertEquals(await read(text, "gradientHealth"), { extends: "init" });
});

const REFUSED: [text: string, message: string][] = [
  ["", "gate.jsonc:1:1: it is not JSON: value expected"],
  ["{\n  extends: 1 }", "gate.jsonc:2:3: it is not JSON: invalid symbol"],
  ["[]", "gate.jsonc:1:1: the configuration is [], expected an object"],
  [
    `{\n  "rule": {}\n}`,
    'gate.jsonc:2:11: the configuration has the unknown key "rule"; did you mean "rules"?',
  ],
  [
    `{ "rules": { "dead-unit": "off" } }`,
    'gate.jsonc:1:27: rules has the unknown rule "dead-unit"; did you mean "dead-units"?',
  ],
  [
    `{ "rules": { "dead-units": "eror" } }`,
    `rules["dead-units"] is "eror", expected "off", "warn" or "error"; did you mean "error"?`,
  ],
  [
    `{ "rules": { "dead-units": ["error", { "deadFracton": 1 }] } }`,
    'gate.jsonc:1:55: rules["dead-units"][1] has the unknown threshold "deadFracton"; did you mean "deadFraction"?',
  ],
  [
    `{ "rules": { "symmetry": ["error", { "x": 1 }] } }`,
    'gate.jsonc:1:43: rules.symmetry[1] has the unknown threshold "x", expected none',
  ],
  [
    `{ "rules": { "dead-units": ["error", { "deadFraction": 2 }] } }`,
    `rules["dead-units"][1].deadFraction is 2, expected <= 1`,
  ],
  [
    `{ "rules": { "dead-units": [] } }`,
    `rules["dead-units"] is [], expected one entry or more`,
  ],
  [
    `{ "rules": { "dead-units": { "deadFraction": 0.3 } } }`,
    'gate.jsonc:1:28: rules["dead-units"] is {"deadFraction":0.3}, expected "off", "warn", "error" or ["error", {',
  ],
  [
    `{ "models": ["net.ts"] }`,
    'gate.jsonc:1:14: models[0] is "net.ts", expected { "path": "net.ts" }',
  ],
  [`{ "models": [{ "name": "a" }] }`, 'gate.jsonc:1:14: models[0] has no "path", expected one'],
  [
    `{ "models": [{ "path": " " }] }`,
    'gate.jsonc:1:24: models[0].path is " ", expected a text that is not empty',
  ],
  [
    `{ "models": [{ "path": "a", "objective": "meanSquareError" }] }`,
    'gate.jsonc:1:42: models[0].objective is "meanSquareError"; did you mean "meanSquaredError"?',
  ],
  [
    `{ "models": [{ "path": "a", "objective": "mse" }] }`,
    'gate.jsonc:1:42: models[0].objective is "mse"; did you mean "meanSquaredError"?',
  ],
  [
    `{ "rules": { "overfits-batch": "error" } }`,
    "gate.jsonc:1:32: rules has overfits-batch, which needs the model again: use assertOverfitsBatch in a test",
  ],
  [
    `{ "models": [{ "path": "a", "seeds": "1-9" }] }`,
    `models[0].seeds is "1-9", expected a list of numbers or a range such as "0..9"`,
  ],
  [
    `{ "models": [{ "path": "a", "seeds": [1, 1] }] }`,
    "models[0].seeds is [1,1], expected every entry once",
  ],
  [
    `{ "models": [{ "path": "a", "seeds": 3 }] }`,
    `models[0].seeds is 3, expected a list of numbers or a range such as "0..9"; for 3 draws write "0..2"`,
  ],
  [
    `{ "models": [{ "path": "a", "seeds": "3" }] }`,
    'gate.jsonc:1:38: models[0].seeds is "3", expected a list of numbers or a range such as "0..9"; for 3 draws',
  ],
  [
    `{ "models": [{ "path": "a", "seeds": {} }] }`,
    'gate.jsonc:1:38: models[0].seeds is {}, expected a list of numbers or a range such as "0..9"',
  ],
  [`{ "models": [{ "path": "a", "seeds": [-1] }] }`, "models[0].seeds[0] is -1, expected >= 0"],
  [
    `{ "suppressions": [{ "rule": "dead-units", "layer": "a" }] }`,
    'gate.jsonc:1:20: suppressions[0] has no "reason", expected one',
  ],
  [
    `{ "suppressions": [{ "rule": "dead-units", "layer": "a", "reason": "" }] }`,
    `suppressions[0].reason is "", expected a text that is not empty`,
  ],
  [
    `{ "suppressions": [{ "rule": "dead-unit", "layer": "a", "reason": "b" }] }`,
    'gate.jsonc:1:30: suppressions[0].rule is "dead-unit"; did you mean "dead-units"?',
  ],
  [
    `{ "suppressions": [{ "rule": true, "layer": "a", "reason": "b" }] }`,
    "gate.jsonc:1:30: suppressions[0].rule is true, expected a rule, which explain lists",
  ],
  [
    `{ "suppressions": [{ "rule": "symmetry", "layer": "a", "reason": "b", "until": "soon" }] }`,
    `suppressions[0].until is "soon", expected YYYY-MM-DD`,
  ],
  [
    `{ "extends": "stric" }`,
    'gate.jsonc:1:14: extends is "stric", expected "recommended", "strict" or "init"; did you mean "strict"?',
  ],
  [`{ "maxWarnings": "0" }`, 'gate.jsonc:1:18: maxWarnings is "0", expected an integer'],
  [`{ "trialBudget": 0 }`, "gate.jsonc:1:18: trialBudget is 0, expected"],
  [`{ "maxWarnings": 1e999 }`, `maxWarnings is Infinity, expected an integer`],
  [`{ "baseline": 1, "baseline": "a" }`, `gate.jsonc:1:18: the key "baseline" is given twice`],
];

for (const [text, message] of REFUSED) {
  Deno.test(`readConfiguration() refuses ${JSON.stringify(text)}`, async () => {
    await assertRejects(() => read(text), GateError, message);
  });
}

Deno.test("readConfiguration() says that a deno.json has no configuration", async () => {
  await assertRejects(
    () => read(`{ "tasks": {} }`, "gradientHealth"),
    GateError,
    `it has no key "gradientHealth"`,
  );
});

Deno.test("the configuration of the examples is one", async () => {
  const root = new URL("../../", import.meta.url);
  const example = await Deno.readTextFile(new URL("examples/ci/gradient-health.json", root));
  assertEquals((await read(example)).extends, "recommended");
});
