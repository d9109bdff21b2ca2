import { assertEquals, assertRejects } from "@std/assert";
import { GateError } from "../../src/gate/gate_error.ts";
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
  ["[]", "gate.jsonc:1:1: expected an object, found []"],
  [`{\n  "rule": {}\n}`, `gate.jsonc:2:11: unknown key "rule"; did you mean "rules"?`],
  [
    `{ "rules": { "dead-unit": "off" } }`,
    `gate.jsonc:1:27: unknown rule "dead-unit" in rules; did you mean "dead-units"?`,
  ],
  [
    `{ "rules": { "dead-units": "eror" } }`,
    `rules["dead-units"]: expected "off", "warn" or "error", found "eror"; did you mean "error"?`,
  ],
  [
    `{ "rules": { "dead-units": ["error", { "deadFracton": 1 }] } }`,
    `unknown threshold "deadFracton" in rules["dead-units"][1]; did you mean "deadFraction"?`,
  ],
  [
    `{ "rules": { "symmetry": ["error", { "x": 1 }] } }`,
    `unknown threshold "x" in rules.symmetry[1], none is known`,
  ],
  [
    `{ "rules": { "dead-units": ["error", { "deadFraction": 2 }] } }`,
    `rules["dead-units"][1].deadFraction: expected <= 1, found 2`,
  ],
  [
    `{ "rules": { "dead-units": [] } }`,
    `rules["dead-units"]: expected one entry or more, found []`,
  ],
  [
    `{ "rules": { "dead-units": { "deadFraction": 0.3 } } }`,
    `rules["dead-units"]: expected "off", "warn", "error" or ["error", { ...thresholds }], found {`,
  ],
  [`{ "models": ["net.ts"] }`, `models[0]: expected { "path": "net.ts" }, found "net.ts"`],
  [`{ "models": [{ "name": "a" }] }`, `models[0] lacks "path"`],
  [`{ "models": [{ "path": " " }] }`, `models[0].path: expected a text that is not empty`],
  [
    `{ "models": [{ "path": "a", "objective": "meanSquareError" }] }`,
    `found "meanSquareError"; did you mean "meanSquaredError"?`,
  ],
  [
    `{ "models": [{ "path": "a", "objective": "mse" }] }`,
    `found "mse"; did you mean "meanSquaredError"?`,
  ],
  [
    `{ "rules": { "overfits-batch": "error" } }`,
    "rules: overfits-batch needs the model again: use assertOverfitsBatch in a test",
  ],
  [
    `{ "models": [{ "path": "a", "seeds": "1-9" }] }`,
    `models[0].seeds: expected a list of numbers or a range such as "0..9", found "1-9"`,
  ],
  [
    `{ "models": [{ "path": "a", "seeds": [1, 1] }] }`,
    "models[0].seeds: expected every entry once, found [1,1]",
  ],
  [
    `{ "models": [{ "path": "a", "seeds": 3 }] }`,
    `models[0].seeds: expected a list of numbers or a range such as "0..9", found 3; for 3 draws write "0..2"`,
  ],
  [`{ "models": [{ "path": "a", "seeds": "3" }] }`, `found "3"; for 3 draws write "0..2"`],
  [`{ "models": [{ "path": "a", "seeds": {} }] }`, `a range such as "0..9", found {}`],
  [`{ "models": [{ "path": "a", "seeds": [-1] }] }`, "models[0].seeds[0]: expected >= 0, found -1"],
  [
    `{ "suppressions": [{ "rule": "dead-units", "layer": "a" }] }`,
    `suppressions[0] lacks "reason"`,
  ],
  [
    `{ "suppressions": [{ "rule": "dead-units", "layer": "a", "reason": "" }] }`,
    `suppressions[0].reason: expected a text that is not empty, found ""`,
  ],
  [
    `{ "suppressions": [{ "rule": "dead-unit", "layer": "a", "reason": "b" }] }`,
    `suppressions[0].rule: unknown rule, found "dead-unit"; did you mean "dead-units"?`,
  ],
  [
    `{ "suppressions": [{ "rule": true, "layer": "a", "reason": "b" }] }`,
    "suppressions[0].rule: ",
  ],
  [
    `{ "suppressions": [{ "rule": "symmetry", "layer": "a", "reason": "b", "until": "soon" }] }`,
    `suppressions[0].until: expected YYYY-MM-DD, found "soon"`,
  ],
  [`{ "extends": "stric" }`, `extends: expected "recommended", "strict" or "init", found "stric"`],
  [`{ "maxWarnings": "0" }`, `maxWarnings: expected an integer, found "0"`],
  [`{ "maxWarnings": 1e999 }`, `maxWarnings: expected an integer, found Infinity`],
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

Deno.test("the README's configuration and that of the examples are ones", async () => {
  const root = new URL("../../", import.meta.url);
  const readme = await Deno.readTextFile(new URL("README.md", root));
  const [, block] = readme.match(/```jsonc\n([^]*?)```/)!;
  assertEquals((await read(block)).models?.[0].name, "digits");
  const example = await Deno.readTextFile(new URL("examples/ci/gradient-health.json", root));
  assertEquals((await read(example)).extends, "recommended");
});
