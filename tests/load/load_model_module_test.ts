import process from "node:process";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { isAbsolute, relative } from "node:path";
import { startEngine, type Tensor } from "../../src/engine/mod.ts";
import { getWeights, loadModel, ModelError } from "../../src/entry/model.ts";
import { withFolder } from "../core/model/save_model.ts";
import { SEEDED, withModule } from "../core/model/with_module.ts";

const { tf } = await startEngine();

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
