import process from "node:process";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { isAbsolute, relative } from "node:path";
import type { Tensor } from "../../src/engine/mod.ts";
import { startEngine } from "../../src/engine/mod.ts";
import { getWeights, loadModel, ModelError, type Objective } from "../../src/model/mod.ts";
import { withFolder } from "./save_model.ts";

const { tf } = await startEngine();

/** Writes a module and hands its path to a function. */
async function withModule<T>(
  text: string,
  run: (path: string) => Promise<T>,
  name = "net.ts",
): Promise<T> {
  return await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    return await run(`${folder}/${name}`);
  });
}

/** The message with which a module is refused, without the file's name. */
async function refusal(text: string, name?: string): Promise<string> {
  return await withModule(text, async (path) => {
    const error = await assertRejects(() => loadModel(path), ModelError);
    assert(error.message.startsWith(`${path}: `), error.message);
    assert(!/\n/.test(error.message), error.message);
    return error.message.slice(path.length + 2).replace(`at ${path}`, "at net.ts");
  }, name);
}

/** A dense layer whose weights are the seed. */
const SEEDED = `({ tf, seed }: any) => tf.sequential({
  layers: [tf.layers.dense({
    units: 1,
    inputShape: [2],
    kernelInitializer: tf.initializers.constant({ value: seed }),
  })],
});`;

Deno.test("loadModel() creates a module's model from the seed, and again from another", async () => {
  await withModule(`export const createModel = ${SEEDED}`, async (path) => {
    const loaded = await loadModel(path, { seed: 3 });
    const { model, recreate, ...rest } = loaded;
    assertEquals(rest, {
      name: "net",
      source: path,
      path,
      kind: "module",
      seed: 3,
      objective: null,
      createBatch: null,
    });
    const again = await recreate!(5);
    assertEquals(getWeights(model)["dense_1/kernel"].values, new Float32Array([3, 3]));
    assertEquals(getWeights(again)["dense_1/kernel"].values, new Float32Array([5, 5]));
    model.dispose();
    again.dispose();
    const { model: byDefault } = await loadModel(path);
    assertEquals(getWeights(byDefault)["dense_1/kernel"].values, new Float32Array(2));
    byDefault.dispose();
  });
});

Deno.test("loadModel() waits for a module, resolves its imports and takes what it exports", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/part.js`, "export const units = 3;");
    await Deno.mkdir(`${folder}/b?c#d%20`);
    const path = `${folder}/b?c#d%20/my ü net.mjs`;
    await Deno.writeTextFile(
      path,
      `import { units } from "../part.js";
      export async function createModel({ tf }) {
        await Promise.resolve();
        return tf.sequential({
          name: "mine",
          layers: [tf.layers.dense({ units, inputShape: [2] })],
        });
      }
      export const createBatch = async ({ tf, seed, examples }) => ({
        inputs: tf.fill([examples, 2], seed),
        targets: [tf.zeros([examples, units])],
      });
      export const objective = "meanSquaredError";`,
    );
    const { model, name, objective, createBatch } = await loadModel(path);
    assertEquals([name, objective], ["mine", "meanSquaredError"]);
    const { inputs, targets, seed } = await createBatch!(4, 7);
    assertEquals([...(inputs as Tensor).dataSync()], new Array(8).fill(7));
    assertEquals((targets as Tensor[])[0].shape, [4, 3]);
    assertEquals(seed, 7);
    tf.dispose([inputs, targets].flat() as Tensor[]);
    model.dispose();
  });
});

Deno.test("loadModel() finds a module from the working directory on", async () => {
  await withModule(`export const createModel = ${SEEDED}`, async (path) => {
    const fromHere = relative(Deno.cwd(), path);
    assert(!isAbsolute(fromHere));
    const { model, source } = await loadModel(fromHere);
    assertEquals(source, fromHere);
    model.dispose();
  });
});

const refused: [string, string, string][] = [
  [
    "that exports nothing",
    "",
    "it exports nothing, expected a function createModel({ tf, seed })",
  ],
  [
    "that exports another function",
    "export const creatModel = () => 1; export default 2;",
    'it exports "creatModel", "default", expected a function createModel({ tf, seed }): ' +
    'rename "creatModel" to createModel',
  ],
  [
    "whose createModel is written in lower case",
    "export const createmodel = () => 1;",
    'it exports "createmodel", expected a function createModel({ tf, seed }): ' +
    'rename "createmodel" to createModel',
  ],
  [
    "that exports one function, whatever it is called",
    "export const classes = 3; export function buildModel() {}",
    'it exports "buildModel", "classes", expected a function createModel({ tf, seed }): ' +
    'rename "buildModel" to createModel',
  ],
  [
    "that exports two functions",
    "export function a() {} export function b() {}",
    'it exports "a", "b", expected a function createModel({ tf, seed })',
  ],
  [
    "that exports its function as default",
    "export default () => 1;",
    'it exports "default", expected a function createModel({ tf, seed }): ' +
    "export it by that name, not as default",
  ],
  [
    "that exports a model",
    "export const model = { predict() {} };",
    'it exports "model", expected a function createModel({ tf, seed }): ' +
    'let that function create "model" and return it',
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
    "createModel is 3, expected a function",
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
    "createModel returned undefined, expected a layers model of TensorFlow.js",
  ],
  [
    "whose createModel returns something else",
    "export const createModel = ({ tf }: any) => tf.layers.dense({ units: 1 });",
    "createModel returned an object, expected a layers model of TensorFlow.js",
  ],
  [
    "whose model has no inputs",
    "export const createModel = ({ tf }: any) => tf.sequential({ name: 'empty' });",
    'createModel returned "empty", a model without inputs, expected its first layer to have an inputShape',
  ],
  [
    "whose createBatch is no function",
    `export const createModel = ${SEEDED} export const createBatch = [1];`,
    "createBatch is an array of 1 item, expected a function",
  ],
  [
    "whose objective is none",
    `export const createModel = ${SEEDED} export const objective = 1;`,
    "objective is 1, expected the name of a loss or a function",
  ],
  [
    "that throws when it is imported",
    `throw new Error("not here");`,
    "importing it failed: not here, at net.ts:1:7",
  ],
];
for (const [what, text, message] of refused) {
  Deno.test(`loadModel() refuses a module ${what}`, async () => {
    assertEquals(await refusal(text), message);
  });
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
      // Of its frames none is the module's own.
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

const batches: [string, string, string][] = [
  [
    "nothing",
    "undefined",
    "no tensors, expected { inputs, targets } of tensors or arrays of tensors",
  ],
  [
    "arrays",
    "{ inputs: [[1, 2]] }",
    "no tensors, expected { inputs, targets } of tensors or arrays of tensors",
  ],
  [
    "targets that are no tensors",
    "{ inputs: tf.ones([2, 2]), targets: [1] }",
    "no tensors, expected { inputs, targets } of tensors or arrays of tensors",
  ],
  [
    "too many inputs",
    "{ inputs: [tf.ones([2, 2]), tf.ones([2, 2])] }",
    "2 inputs, expected the 1 of the model",
  ],
  [
    "inputs of another shape",
    "{ inputs: tf.ones([2, 3]) }",
    "inputs of shape [2, 3], expected [any, 2] as the model takes",
  ],
  [
    "no example",
    "{ inputs: tf.ones([0, 2]) }",
    "inputs of shape [0, 2], expected [any, 2] as the model takes",
  ],
  [
    "targets of other examples",
    "{ inputs: tf.ones([3, 2]), targets: tf.ones([2, 1]) }",
    "tensors of 3 and of 2 examples, expected the same number",
  ],
  [
    "targets of another shape",
    "{ inputs: tf.ones([2, 2]), targets: tf.ones([2, 3]) }",
    "targets of shape [2, 3], expected [any, 1] as the model puts out",
  ],
  [
    "too many targets",
    "{ inputs: tf.ones([2, 2]), targets: [tf.ones([2, 1]), tf.ones([2, 1])] }",
    "2 targets, expected one for each of the model's 1 outputs",
  ],
];
for (const [what, batch, message] of batches) {
  Deno.test(`loadModel() refuses a batch of ${what}, and disposes it`, async () => {
    const text = `export const createModel = ${SEEDED}
      export const createBatch = ({ tf }: any) => (${batch});`;
    await withModule(text, async (path) => {
      const { model, createBatch } = await loadModel(path);
      const tensors = tf.memory().numTensors;
      const error = await assertRejects(() => createBatch!(2, 0), ModelError);
      assertEquals(error.message, `${path}: createBatch returned ${message}`);
      assertEquals(tf.memory().numTensors, tensors);
      model.dispose();
    });
  });
}

Deno.test("createBatch() takes the targets that the objective takes", async () => {
  const text = `export const createModel = ({ tf }: any) =>
      tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [2] })] });
    let made = 0;
    const shapes = [[2], [2, 1], [2, 3], [2, 4]];
    export const createBatch = ({ tf }: any) =>
      ({ inputs: tf.ones([2, 2]), targets: tf.zeros(shapes[made++ % 4]) });`;
  await withModule(text, async (path) => {
    const { model, createBatch } = await loadModel(path);
    const fit = async (objective?: Objective) => {
      const taken: boolean[] = [];
      for (let i = 0; i < 4; i++) {
        try {
          const { inputs, targets } = await createBatch!(2, 0, objective);
          tf.dispose([inputs, targets] as Tensor[]);
          taken.push(true);
        } catch (error) {
          assert(error instanceof ModelError);
          taken.push(false);
        }
      }
      return taken;
    };
    assertEquals(await fit(), [true, true, true, false]);
    assertEquals(await fit("meanSquaredError"), [false, false, true, false]);
    assertEquals(await fit("sparseCategoricalCrossentropy"), [true, true, false, false]);
    assertEquals(await fit(() => tf.scalar(0)), [true, true, true, true]);
    model.dispose();
  });
});

Deno.test("loadModel() sends what a module logs to stderr, and only that", async () => {
  const text = `import process from "node:process";
    console.log("imported");
    process.stdout.write("raw\\n");
    export const register = () => console.debug("registered");
    export const createModel = async (context: any) => {
      console.info("creating");
      await Promise.resolve();
      console.group("created");
      console.groupEnd();
      console.count("counted");
      return (${SEEDED.replace(/;$/, "")})(context);
    };
    export const createBatch = ({ tf }: any) => {
      console.log("batch");
      return { inputs: tf.ones([2, 2]) };
    };`;
  const before = Object.entries(console);
  const { write } = process.stderr;
  let logged = "";
  process.stderr.write = (text: string) => {
    logged += text;
    return true;
  };
  try {
    await withModule(text, async (path) => {
      const [first, second] = await Promise.all([
        loadModel(path, { register: [path] }),
        loadModel(path),
      ]);
      tf.dispose((await first.createBatch!(2, 0)).inputs);
      first.model.dispose();
      second.model.dispose();
    });
    await withModule(`throw console.log("thrown");`, async (path) => {
      await assertRejects(() => loadModel(path), ModelError);
    });
  } finally {
    process.stderr.write = write;
  }
  assertEquals(logged.trim().split("\n").sort(), [
    "batch",
    "counted: 1",
    "counted: 2",
    "created",
    "created",
    "creating",
    "creating",
    "imported",
    "raw",
    "registered",
    "thrown",
  ]);
  assertEquals(Object.entries(console), before);
  assertEquals(Object.keys(Deno.stdout), []);
});

Deno.test("loadModel() says so when createBatch throws", async () => {
  const text = `export const createModel = ${SEEDED}
    export const createBatch = () => { throw new RangeError("only 64 digits"); };`;
  await withModule(text, async (path) => {
    const { model, createBatch } = await loadModel(path);
    const { message } = await assertRejects(() => createBatch!(99, 0), ModelError);
    assertEquals(message, `${path}: createBatch threw: only 64 digits, at ${path}:8:46`);
    model.dispose();
  });
});

Deno.test("loadModel() refuses a register file that registers nothing or throws", async () => {
  await withModule(`export const createModel = ${SEEDED}`, async (path) => {
    const { message } = await assertRejects(
      () => loadModel(path, { register: [path] }),
      ModelError,
    );
    assertEquals(message, `${path}: it exports no function register({ tf })`);
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
