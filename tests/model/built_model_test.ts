import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { getWeights, loadModel } from "../../src/load/mod.ts";
import { runCommand } from "../cli/run_command.ts";
import { SEEDED, withModule } from "./with_module.ts";

const { tf } = await startEngine();

/** A module with a model of its own, whose weights no seed draws, and what it exports of it. */
const built = (exported: string) =>
  `import * as tf from "${import.meta.resolve("@tensorflow/tfjs")}";
const net = tf.sequential({
  layers: [tf.layers.dense({ units: 8, activation: "tanh", inputShape: [4] })],
});
net.compile({ optimizer: "sgd", loss: "meanSquaredError", metrics: ["accuracy", "mae"] });
${exported}
`;

const FORMS = {
  "a model": "export const model = net;",
  "the promise of a model": "export const model = Promise.resolve(net);",
  "a model as default": "export default net;",
  "the promise of a model as default": "export default Promise.resolve(net);",
  "the same model twice": "export const model = net; export default net;",
  "a model beside a default that is none":
    "export const model = net; export default { epochs: 3 };",
};

for (const [what, exported] of Object.entries(FORMS)) {
  Deno.test(`loadModel() takes a module that exports ${what}`, () =>
    withModule(built(exported), async (path) => {
      const { model, seed, recreate, name, kind } = await loadModel(path, { seed: 3 });
      assertEquals({ seed, recreate, name, kind }, {
        seed: null,
        recreate: null,
        name: "net",
        kind: "module",
      });
      // It is the module's, and there for who loads it next.
      assertEquals((await loadModel(path, { seed: 4 })).model, model);
      model.dispose();
    }));
}

Deno.test("loadModel() takes a default function for createModel, which is preferred to all others", async () => {
  await withModule(`export default ${SEEDED}`, async (path) => {
    const { model, seed, recreate } = await loadModel(path, { seed: 3 });
    assertEquals([...getWeights(model)["dense_1/kernel"].values], [3, 3]);
    assertEquals(seed, 3);
    (await recreate!(5)).dispose();
    model.dispose();
  });
  const text = `export const createModel = ${SEEDED}
export const model = 3;
export default () => 3;`;
  await withModule(text, async (path) => {
    const { model, seed } = await loadModel(path, { seed: 3 });
    assertEquals(seed, 3);
    model.dispose();
  });
});

Deno.test("loadModel() draws a model that is built without a seed the same each time", async () => {
  const kernels: number[][] = [];
  for (const _ of [1, 2]) {
    await withModule(built("export default net;"), async (path) => {
      const { model } = await loadModel(path);
      kernels.push([...getWeights(model)["dense_1/kernel"].values]);
      model.dispose();
    });
  }
  assertEquals(kernels[0], kernels[1]);
  assertNotEquals(new Set(kernels[0]).size, 1);
  assert(tf.memory().numTensors < 10, `${tf.memory().numTensors} tensors`);
});

Deno.test("report names the loss and the metrics that a module's model is compiled with", () =>
  withModule(built("export default net;"), async (path) => {
    const { code, stdout } = await runCommand(["report", path, "--quiet", "--trial", "off"]);
    assertEquals(code, 0);
    const header = stdout.replace(/\s+/g, " ");
    assertStringIncludes(
      header,
      "meanSquaredError (compiled): on random targets Metrics accuracy ",
    );
    const format = ["--format", "json", "--trial", "off", "--quiet"];
    const json = JSON.parse((await runCommand(["report", path, ...format])).stdout);
    const [accuracy, mae] = json.objective.metrics;
    assertEquals([accuracy.name, mae.name], ["accuracy", "mae"]);
    assertStringIncludes(header, `, mae ${Number(mae.value.toPrecision(3))} `);
    assertEquals(json.objective.chosenBy, "compiled");
    assertEquals(json.seed, null);
  }));

Deno.test("check says nothing of modules where a file holds the weights", async () => {
  const keras = new URL("../../fixtures/files/keras/arithmetic.keras", import.meta.url).pathname;
  const args = ["check", keras, "--no-config", "--seeds", "2", "--trial", "off"];
  const { code, stderr } = await runCommand(args);
  assertEquals(code, 0, stderr);
  assert(!stderr.includes("already built"), stderr);
});

Deno.test("check and sweep say that seeds do not draw a model that is built", () =>
  withModule(built("export default net;"), async (path) => {
    const note = `${path} exports a model that is already built: its weights are the same under ` +
      "every seed, which draws the batch alone; export createModel({ tf, seed }) instead to have " +
      "them drawn\n";
    const check = ["check", path, "--no-config", "--seeds"];
    const several = await runCommand([...check, "2"]);
    assertEquals(several.stderr.split(`note: ${note}`).length, 2, several.stderr);
    assert(!several.stdout.includes("could not be measured"), several.stdout);
    assert(several.code < 2, several.stderr);
    const jobs = await runCommand([...check, "0..1", "--jobs", "2"]);
    assertEquals([jobs.code, jobs.stdout], [several.code, several.stdout]);
    assert(!(await runCommand([...check, "1"])).stderr.includes("already built"));
    const sweep = ["sweep", path, "--scale", "1", "--seeds"];
    for (const jobs of ["1", "2"]) {
      const { stderr } = await runCommand([...sweep, "2", "--jobs", jobs]);
      assertEquals(stderr.split(`warning: ${note}`).length, 2, stderr);
    }
    assert(!(await runCommand([...sweep, "1"])).stderr.includes("already built"));
  }));
