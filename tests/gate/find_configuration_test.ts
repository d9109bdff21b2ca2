import { assert, assertEquals, assertRejects } from "@std/assert";
import { Ajv } from "ajv";
import { configurationSchema } from "../../src/gate/configuration_shape.ts";
import {
  findConfiguration,
  openConfiguration,
  readConfiguration,
} from "../../src/gate/find_configuration.ts";
import { GateError } from "../../src/core/diagnosis/gate_result.ts";
import { GATE_RULES } from "../../src/gate/gate_rules.ts";
import { readBaseline } from "../../src/gate/find_baseline.ts";
import { readJson } from "../../src/files/read_json.ts";
import { OBJECTIVES } from "../../src/core/model/objective.ts";
import { anyOf } from "../../src/ground/words/show_value.ts";

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

const quoted = (names: readonly string[]) => names.map((name) => JSON.stringify(name));
const KEY_NAMES = quoted(Object.keys(configurationSchema().properties as object)).join(", ");
const RULE_NAMES = quoted(GATE_RULES.map(({ name }) => name)).join(", ");
const OBJECTIVE_NAMES = anyOf(quoted(OBJECTIVES));
const { thresholds } = GATE_RULES.find(({ name }) => name === "dead-units")!;
const THRESHOLD_NAMES = quoted(Object.keys(thresholds)).join(", ");

const REFUSED: [text: string, place: string, found: string, expected: string][] = [
  ["", "1:1", "it is not JSON: value expected", ""],
  ["{\n  extends: 1 }", "2:3", "it is not JSON: invalid symbol", ""],
  ["[]", "1:1: the configuration", "an empty array", "an object"],
  [
    '{\n  "rule": {}\n}',
    "2:11: the configuration",
    `"rule"`,
    KEY_NAMES,
  ],
  [
    `{ "rules": { "dead-unit": "off" } }`,
    "1:27: rules",
    `"dead-unit"`,
    RULE_NAMES,
  ],
  [
    `{ "rules": { "dead-units": "eror" } }`,
    `1:28: rules["dead-units"]`,
    `"eror"`,
    `"off", "warn", "error" or ["error", { ...thresholds }]`,
  ],
  [
    `{ "rules": { "dead-units": ["error", { "deadFracton": 1 }] } }`,
    `1:55: rules["dead-units"][1]`,
    `"deadFracton"`,
    THRESHOLD_NAMES,
  ],
  [`{ "rules": { "symmetry": ["error", { "x": 1 }] } }`, "1:43: rules.symmetry[1]", `"x"`, "none"],
  [
    `{ "rules": { "dead-units": ["error", { "deadFraction": 2 }] } }`,
    `1:56: rules["dead-units"][1].deadFraction`,
    "2",
    "a number from 0 to 1",
  ],
  [
    `{ "rules": { "dead-units": [] } }`,
    `1:28: rules["dead-units"]`,
    "an empty array",
    "an array of 1 to 2 items",
  ],
  [
    `{ "rules": { "dead-units": { "deadFraction": 0.3 } } }`,
    `1:28: rules["dead-units"]`,
    "an object",
    `"off", "warn", "error" or ["error", { ...thresholds }]`,
  ],
  [`{ "models": ["net.ts"] }`, "1:14: models[0]", `"net.ts"`, `{ "path": "net.ts" }`],
  [`{ "models": [{ "name": "a" }] }`, "1:14: models[0]", `"path"`, "one"],
  [`{ "models": [{ "path": " " }] }`, "1:24: models[0].path", `" "`, "a text that is not empty"],
  [
    `{ "models": [{ "path": "a", "objective": "meanSquareError" }] }`,
    "1:42: models[0].objective",
    `"meanSquareError"`,
    OBJECTIVE_NAMES,
  ],
  [
    `{ "models": [{ "path": "a", "objective": "mse" }] }`,
    "1:42: models[0].objective",
    `"mse"`,
    OBJECTIVE_NAMES,
  ],
  [
    `{ "rules": { "overfits-batch": "error" } }`,
    "1:32: rules",
    `"overfits-batch"`,
    RULE_NAMES,
  ],
  [
    `{ "models": [{ "path": "a", "seeds": "1-9" }] }`,
    "1:38: models[0].seeds",
    `"1-9"`,
    `a list of numbers or a range such as "0..9"`,
  ],
  [
    `{ "models": [{ "path": "a", "seeds": [1, 1] }] }`,
    "1:38: models[0].seeds",
    "an array of 2 items",
    "every seed once, and one or more",
  ],
  [
    `{ "models": [{ "path": "a", "scale": { "widths": [8, 8] } }] }`,
    "1:50: models[0].scale.widths",
    "an array of 2 items",
    "every size once, and one or more",
  ],
  [
    `{ "models": [{ "path": "a", "seeds": 3 }] }`,
    "1:38: models[0].seeds",
    "3",
    `a list of numbers or a range such as "0..9"`,
  ],
  [
    `{ "models": [{ "path": "a", "seeds": "3" }] }`,
    "1:38: models[0].seeds",
    `"3"`,
    `a list of numbers or a range such as "0..9"`,
  ],
  [
    `{ "models": [{ "path": "a", "seeds": {} }] }`,
    "1:38: models[0].seeds",
    "an object",
    `a list of numbers or a range such as "0..9"`,
  ],
  [
    `{ "models": [{ "path": "a", "seeds": [-1] }] }`,
    "1:39: models[0].seeds[0]",
    "-1",
    "a whole number of at least 0",
  ],
  [
    `{ "suppressions": [{ "rule": "dead-units", "layer": "a" }] }`,
    "1:20: suppressions[0]",
    `"reason"`,
    "one",
  ],
  [
    `{ "suppressions": [{ "rule": "dead-units", "layer": "a", "reason": "" }] }`,
    "1:68: suppressions[0].reason",
    `""`,
    "a text that is not empty",
  ],
  [
    `{ "suppressions": [{ "rule": "dead-unit", "layer": "a", "reason": "b" }] }`,
    "1:30: suppressions[0].rule",
    `"dead-unit"`,
    "a rule, which explain lists",
  ],
  [
    `{ "suppressions": [{ "rule": true, "layer": "a", "reason": "b" }] }`,
    "1:30: suppressions[0].rule",
    "true",
    "a rule, which explain lists",
  ],
  [
    `{ "suppressions": [{ "rule": "symmetry", "layer": "a", "reason": "b", "until": "soon" }] }`,
    "1:80: suppressions[0].until",
    `"soon"`,
    "YYYY-MM-DD",
  ],
  [`{ "extends": "stric" }`, "1:14: extends", `"stric"`, `"recommended", "strict" or "init"`],
  [`{ "maxWarnings": "0" }`, "1:18: maxWarnings", `"0"`, "a whole number of at least 0"],
  [`{ "trialBudget": 0 }`, "1:18: trialBudget", "0", "a number above 0 and up to 86400"],
  [`{ "maxWarnings": 1e999 }`, "1:18: maxWarnings", "Infinity", "a whole number of at least 0"],
  [`{ "baseline": 1, "baseline": "a" }`, "1:18", `the key "baseline" is given twice`, ""],
];

for (const [text, place, found, expected] of REFUSED) {
  Deno.test(`readConfiguration() refuses ${JSON.stringify(text)}`, async () => {
    const error = await assertRejects(() => read(text), GateError);
    assertEquals(error.place, `gate.jsonc:${place}`);
    assertEquals([error.found, error.expected], [found, expected]);
  });
}

const SUGGESTED: [text: string, end: string][] = [
  [`{ "rule": {} }`, '; did you mean "rules"?'],
  [`{ "rules": { "dead-unit": "off" } }`, '; did you mean "dead-units"?'],
  [`{ "rules": { "dead-units": "eror" } }`, '; did you mean "error"?'],
  [`{ "rules": { "overfits-batch": "error" } }`, ": use assertOverfitsBatch in a test"],
  [`{ "models": [{ "path": "a", "objective": "mse" }] }`, '; did you mean "meanSquaredError"?'],
  [`{ "models": [{ "path": "a", "seeds": 3 }] }`, '; for 3 draws write "0..2"'],
  [`{ "extends": "stric" }`, '; did you mean "strict"?'],
];

for (const [text, end] of SUGGESTED) {
  Deno.test(`readConfiguration() ends what it says of ${text} with ${end}`, async () => {
    const { message } = await assertRejects(() => read(text), GateError);
    assertEquals(message.slice(-end.length), end);
  });
}

Deno.test("readConfiguration() suggests seeds for whole numbers of draws alone", async () => {
  for (const seeds of ["1", "2.5", "-3", "0"]) {
    const text = `{ "models": [{ "path": "a", "seeds": ${seeds} }] }`;
    const { message } = await assertRejects(() => read(text), GateError);
    assertEquals(message.includes("draws write"), seeds === "1", message);
  }
});

Deno.test("the schema for editors accepts what readConfiguration() accepts, and refuses the rest", () => {
  const validate = new Ajv({ strict: false, strictNumbers: true }).compile(configurationSchema());
  assert(validate({ rules: { "team/own": ["warn", { most: 2 }], symmetry: "off" } }));
  for (const [text, , , expected] of REFUSED) {
    if (expected !== "") assert(!validate(JSON.parse(text)), text);
  }
});

Deno.test("readConfiguration() says that a deno.json has no configuration", async () => {
  const { message } = await assertRejects(
    () => read(`{ "tasks": {} }`, "gradientHealth"),
    GateError,
  );
  assertEquals(message, `gate.jsonc:1:1: it has no key "gradientHealth"`);
});

Deno.test("the configuration of the examples is one", async () => {
  const root = new URL("../../", import.meta.url);
  const example = await Deno.readTextFile(new URL("examples/ci/gradient-health.json", root));
  assertEquals((await read(example)).extends, "recommended");
});

async function withFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await Deno.mkdir(`${folder}/a/b`, { recursive: true });
    await action(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const quiet = () => {};

Deno.test("findConfiguration() takes the nearest one above", async () => {
  await withFolder(async (folder) => {
    assertEquals(await findConfiguration(`${folder}/a/b`, quiet), null);
    await Deno.writeTextFile(`${folder}/gradient-health.json`, "{}");
    const far = await findConfiguration(`${folder}/a/b`, quiet);
    assertEquals(far, { file: `${folder}/gradient-health.json`, text: "{}", key: null });
    await Deno.writeTextFile(`${folder}/a/gradient-health.jsonc`, "// near\n{}");
    const near = await findConfiguration(`${folder}/a/b`, quiet);
    assertEquals(near?.file, `${folder}/a/gradient-health.jsonc`);
  });
});

Deno.test("a byte order mark is not part of a configuration, a baseline or a batch", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/gradient-health.json`;
    await Deno.writeTextFile(file, "\ufeff{}");
    assertEquals((await findConfiguration(folder, quiet))?.text, "{}");
    assertEquals((await openConfiguration(file)).text, "{}");
    assertEquals(await readJson(file, GateError), {});
    await Deno.writeTextFile(file, '\ufeff{ "version": 1, "models": {} }');
    assertEquals(await readBaseline(file), {});
  });
});

Deno.test("findConfiguration() takes a deno.json only for its key", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/deno.json`, `{ "gradientHealth": {} }`);
    const alias = `{ "imports": { "gradientHealth": "jsr:@x/y" }, "x": "gradientHealth" }`;
    await Deno.writeTextFile(`${folder}/a/deno.json`, alias);
    await Deno.writeTextFile(`${folder}/a/deno.jsonc`, `{ "tasks": {} } // "gradientHealth"`);
    const found = await findConfiguration(`${folder}/a`, quiet);
    assertEquals([found?.file, found?.key], [`${folder}/deno.json`, "gradientHealth"]);
    assertEquals((await openConfiguration(`${folder}/deno.json`)).key, "gradientHealth");
  });
});

Deno.test("findConfiguration() refuses two in one folder", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/gradient-health.json`, "{}");
    await Deno.writeTextFile(`${folder}/deno.json`, `{ "gradientHealth": {} }`);
    await assertRejects(
      () => findConfiguration(folder, quiet),
      GateError,
      "holds two configurations, gradient-health.json and deno.json, expected one",
    );
  });
});

Deno.test("openConfiguration() says which file it cannot read", async () => {
  await assertRejects(
    () => openConfiguration("none/gate.json"),
    GateError,
    "none/gate.json: the configuration cannot be read",
  );
});
