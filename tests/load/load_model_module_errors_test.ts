import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { assertSays, type Parts, parts } from "../assert_refused.ts";
import { startEngine } from "../../src/engine/mod.ts";
import { loadModel, ModelError } from "../../src/entry/model.ts";
import { withFolder } from "../core/model/save_model.ts";
import { SEEDED, withModule } from "../core/model/with_module.ts";

await startEngine();

/** The message with which a module is refused, without the file's name. */
async function refusal(text: string, name?: string): Promise<string> {
  return await withModule(text, async (path) => {
    const error = await assertRejects(() => loadModel(path), ModelError);
    assert(error.message.startsWith(`${path}: `), error.message);
    assert(!/\n/.test(error.message), error.message);
    return error.message.slice(path.length + 2).replace(`at ${path}`, "at net.ts");
  }, name);
}

const EXPECTED = "a function createModel({ tf, seed }), a model, or one of the two as default";

/** The parts of an error about what a module exports; the file is their place. */
const exporting = (found: string) => parts("", found, EXPECTED);

const refused: [what: string, text: string, said: Parts | string][] = [
  [
    "that exports nothing",
    "",
    exporting("nothing"),
  ],
  [
    "that exports another function",
    "export const creatModel = () => 1; export default 2;",
    exporting('"creatModel", "default"'),
  ],
  [
    "whose createModel is written in lower case",
    "export const createmodel = () => 1;",
    exporting('"createmodel"'),
  ],
  [
    "that exports one function, whatever it is called",
    "export const classes = 3; export function buildModel() {}",
    exporting('"buildModel", "classes"'),
  ],
  [
    "that exports two functions",
    "export function a() {} export function b() {}",
    exporting('"a", "b"'),
  ],
  [
    "whose default function creates no model",
    "export default () => 1;",
    parts("default", "1", "a layers model of TensorFlow.js"),
  ],
  [
    "whose model is none",
    "export const model = { predict() {} };",
    parts("model", "an object", "a layers model of TensorFlow.js"),
  ],
  [
    "whose model is a function",
    "export const model = () => 1;",
    parts("model", "a function", "a model: rename it to createModel"),
  ],
  [
    "whose model is a promise that is rejected",
    `export const model = Promise.reject(new Error("no weights"));`,
    "model threw: no weights, at net.ts:1:37",
  ],
  [
    "that exports a model by another name",
    "export const net = { layers: [], apply() {} };",
    exporting('"net"'),
  ],
  [
    "that has a model and another default",
    "export const model = 1; export default () => 1;",
    parts("", "two exports that could be the model, model and default", "one of them"),
  ],
  [
    "that was written for Node.js",
    `const data = require("./data");`,
    "importing it failed: require is not defined, at net.ts:1:14: name the file .cts, or use " +
    "import and export",
  ],
  [
    "whose createModel was written for Node.js",
    `export const createModel = () => require("./data");`,
    "createModel threw: require is not defined, at net.ts:1:34: name the file .cts, or use import " +
    "and export",
  ],
  [
    "whose createModel is no function",
    "export const createModel = 3;",
    parts("createModel", "3", "a function"),
  ],
  [
    "whose createModel throws",
    `export function createModel() { throw new Error("no data.\\nat home"); }`,
    "createModel threw: no data, at net.ts:1:39",
  ],
  [
    "whose createModel rejects with text",
    `export const createModel = () => Promise.reject("why not");`,
    "createModel threw: why not",
  ],
  [
    "whose createModel returns nothing",
    "export function createModel() {}",
    parts("createModel", "undefined", "a layers model of TensorFlow.js"),
  ],
  [
    "whose createModel returns something else",
    "export const createModel = ({ tf }: any) => tf.layers.dense({ units: 1 });",
    parts("createModel", "an object", "a layers model of TensorFlow.js"),
  ],
  [
    "whose model has no inputs",
    "export const createModel = ({ tf }: any) => tf.sequential({ name: 'empty' });",
    parts(
      "createModel",
      '"empty", a model without inputs',
      "its first layer to have an inputShape",
    ),
  ],
  [
    "whose createBatch is no function",
    `export const createModel = ${SEEDED} export const createBatch = [1];`,
    parts("createBatch", "an array of 1 item", "a function"),
  ],
  [
    "whose objective is none",
    `export const createModel = ${SEEDED} export const objective = 1;`,
    parts("objective", "1", "the name of a loss or a function"),
  ],
  [
    "that throws when it is imported",
    `throw new Error("not here");`,
    "importing it failed: not here, at net.ts:1:7",
  ],
];
for (const [what, text, said] of refused) {
  Deno.test(`loadModel() refuses a module ${what}`, () =>
    withModule(text, async (path) => {
      const error = await assertRejects(() => loadModel(path), ModelError);
      error.message = error.message.replace(`at ${path}`, "at net.ts");
      assertSays(error, said, path);
    }));
}

Deno.test("loadModel() says where a module fails, and cuts what TensorFlow.js says at a sentence", () =>
  withFolder(async (folder) => {
    const files = {
      "syntax.ts": "export const createModel = (;",
      "top.ts": `import "./deep/part.ts";`,
      "deep/part.ts": `\nthrow new Error("broken part");`,
      "export.ts": `import { none } from "./empty.ts"; export const createModel = none;`,
      "empty.ts": "export {};",
      "alias.ts": `import "@my/units.ts";`,
      "relu.ts": `export const createModel = ({ tf }: any) =>
        tf.sequential({ layers: [tf.layers.dense({ units: 1, activation: "reluu" })] });`,
      "text.ts": `export const createModel = () => { throw "no error"; };`,
      // None of its frames is the module's own.
      "parse.ts": "export const createModel = JSON.parse;",
      // Named as the file in which the package calls it.
      "foreign_code.ts": `export const createModel = () => { throw new Error("no data"); };`,
      "disposed.ts": `export const createModel = ({ tf }: any) => {
        const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
        model.dispose();
        return model;
      };`,
    };
    await Deno.mkdir(`${folder}/deep`);
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    const saidOf = async (name: string) =>
      (await assertRejects(() => loadModel(`${folder}/${name}`), ModelError)).message
        .replaceAll(`${folder}/`, "");
    assertEquals(
      await saidOf("syntax.ts"),
      "syntax.ts: importing it failed: SyntaxError: Expression expected, at syntax.ts:1:29",
    );
    assertEquals(
      await saidOf("top.ts"),
      "top.ts: importing it failed: broken part, at deep/part.ts:2:7",
    );
    assertEquals(
      await saidOf("alias.ts"),
      'alias.ts: importing it failed: Import "@my/units.ts" not a dependency, at alias.ts:1:8: its ' +
        "name must be in the deno.json of the program, which is your own where you run " +
        "jsr:@gradient-health/gradient-health",
    );
    assertMatch(await saidOf("export.ts"), /an export named 'none', at export.ts:1:10$/);
    assertEquals(
      await saidOf("relu.ts"),
      "relu.ts: createModel threw: Unknown activation: reluu, at relu.ts:2:44",
    );
    assertEquals(await saidOf("text.ts"), "text.ts: createModel threw: no error");
    assertMatch(await saidOf("parse.ts"), /^parse.ts: createModel threw: .* is not valid JSON$/);
    assertEquals(
      await saidOf("foreign_code.ts"),
      "foreign_code.ts: createModel threw: no data, at foreign_code.ts:1:42",
    );
    assertMatch(
      await saidOf("disposed.ts"),
      /^disposed.ts: createModel returned "\w+", a model that was/,
    );
  }));

Deno.test("loadModel() refuses a module that is missing or no code", async () => {
  const { message } = await assertRejects(() => loadModel("/no/net.ts"), ModelError);
  assertEquals(message, "/no/net.ts: there is no such file");
  for (const text of ["export const = 3;", `import "./missing.ts";`]) {
    assert((await refusal(text)).startsWith("importing it failed: "));
  }
});

Deno.test("loadModel() says what helps an import without an extension, or of a folder", async () => {
  const sloppy = ", or run deno with --unstable-sloppy-imports";
  const write = "write the extension of the file that is imported";
  assertStringIncludes(
    await refusal(`import "./none";`),
    `, at net.ts:1:8: ${write}${sloppy}`,
  );
  assert(!(await refusal(`import "./none.ts";`)).includes(write));
  assertStringIncludes(
    await refusal(`import "../";`),
    `, at net.ts:1:8: write which file of the folder is imported${sloppy}`,
  );
});

Deno.test("loadModel() refuses a register file that registers nothing or throws", async () => {
  await withModule(`export const createModel = ${SEEDED}`, async (path) => {
    const { message } = await assertRejects(
      () => loadModel(path, { register: [path] }),
      ModelError,
    );
    assertEquals(
      message,
      `${path}: register is undefined, expected an exported function register({ tf })`,
    );
  });
  await withModule(`export const register = () => { throw 1; };`, async (path) => {
    const { message } = await assertRejects(
      () => loadModel(path, { register: [path] }),
      ModelError,
    );
    assertEquals(message, `${path}: register threw: 1`);
  });
  const missing = await assertRejects(
    () => loadModel("/no/net.ts", { register: ["/no/layers.ts"] }),
    ModelError,
  );
  assertEquals(missing.message, "/no/layers.ts: there is no such file");
});

Deno.test("loadModel() proposes the export of a module that was meant", async () => {
  const model = "{ layers: [], predict() {}, apply() {}, getWeights() {} }";
  const rows: [code: string, hint: string][] = [
    ["export const creatModel = () => 1; export const other = () => 1;", "creatModel"],
    ["export const size = 1; export const network = () => 1;", "network"],
    ["export const network = () => 1; export const batches = () => 1;", ""],
    [`export const size = 1; export const net = ${model};`, "net"],
    ["export const size = 1;", ""],
  ];
  for (const [code, name] of rows) {
    await withModule(code, async (path) => {
      const { message } = await assertRejects(() => loadModel(path), ModelError);
      const hint = /: rename "(\w+)" to (\w+)$/.exec(message);
      const target = name === "net" ? "model" : "createModel";
      assertEquals(hint?.slice(1) ?? [], name === "" ? [] : [name, target], message);
    });
  }
});
