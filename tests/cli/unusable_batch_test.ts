import { assertStringIncludes } from "@std/assert";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";
import { refused, save, withModel } from "./with_model.ts";

Deno.test("report names the model for which no batch can be drawn", () =>
  withModel(async (folder, manifest) => {
    const pooling = { name: "pooling", batch_input_shape: [null, 1e8, 64] };
    const { config } = manifest.modelTopology;
    delete config.layers[0].config.batch_input_shape;
    config.layers.unshift({ class_name: "GlobalAveragePooling1D", config: pooling });
    await save(folder, manifest);
    const one = "One example of shape [1, 100000000, 64] takes 23.8 GiB of the engine's 4 GiB";
    await refused(folder, `${folder}/model.json: ${one}, expected a smaller one`);
    config.layers = [];
    manifest.weightsManifest = [];
    await save(folder, manifest);
    await refused(folder, `${folder}/model.json: modelTopology.config.layers is an empty array`);
  }));

Deno.test("report refuses a batch that does not fit, or holds text", () =>
  withModel(async (folder) => {
    const cases: [unknown, string][] = [
      [{ inputs: [[1, 2, 3]] }, "batch.json"],
      [{ inputs: { shape: [1, 64], values: new Array(63).fill(0) } }, "batch.json"],
      [{ inputs: { shape: [1, 64], values: ["a", ...new Array(63).fill(0)] } }, "batch.json"],
      [{ inputs: "text" }, "batch.json"],
      [{}, "inputs"],
      [[], "batch.json"],
    ];
    for (const [batch, includes] of cases) {
      await Deno.writeTextFile(`${folder}/batch.json`, JSON.stringify(batch));
      await assertRefuses(
        ["report", `${folder}/model.json`, "--quiet", "--batch", `${folder}/batch.json`],
        includes,
      );
    }
    await assertRefuses(
      ["report", `${folder}/model.json`, "--quiet", "--batch", `${folder}/none.json`],
      "none.json",
    );
    await assertRefuses(
      ["report", `${folder}/model.json`, "--quiet", "--batch", `${folder}/batch.txt`],
      "batch.txt: The file ends in .txt, expected .json, .npz, .npy, .csv or a folder of pictures",
    );
  }));

Deno.test("report refuses a loss on a batch without targets", () =>
  withModel(async (folder) => {
    const args = ["report", `${folder}/model.json`, "--quiet", "--batch", `${folder}/batch.json`];
    await assertRefuses([...args, "--objective", "meanSquaredError"], [
      `${folder}/batch.json: the batch has no targets, expected those that the objective meanSquaredError needs`,
      'add "targets" to it',
    ]);
    await Deno.writeTextFile(
      `${folder}/net.ts`,
      `export const objective = "meanSquaredError";
       export const createModel = ({ tf }) =>
         tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
       export const createBatch = ({ tf }) => ({ inputs: tf.ones([2, 2]) });`,
    );
    const says = [
      `${folder}/net.ts: the batch has no targets, expected those that the objective meanSquaredError needs`,
      "let createBatch return { inputs, targets }",
    ];
    await assertRefuses(["report", `${folder}/net.ts`, "--quiet"], says);
    await assertRefuses(["sweep", `${folder}/net.ts`, "--quiet", "--seeds", "1"], says);
  }));

Deno.test("report and sweep refuse a module's objective that is none, and name the file", () =>
  withModel(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/net.ts`,
      `export const objective = "mse";
       export const createModel = ({ tf }) =>
         tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });`,
    );
    for (const command of ["report", "sweep"]) {
      await assertRefuses(
        [command, `${folder}/net.ts`, "--quiet"],
        [`${folder}/net.ts: objective is "mse", expected`, 'did you mean "meanSquaredError"?'],
      );
    }
  }));

Deno.test("report refuses modules that cannot create a model", async () => {
  const folder = await Deno.makeTempDir();
  const modules: Record<string, [string, string]> = {
    "none.ts": ["export const net = 1;", "createModel"],
    "number.ts": ["export const createModel = () => 3;", "createModel"],
    "throws.ts": ["export const createModel = () => { throw new Error('no data'); };", "no data"],
    "syntax.ts": ["export const createModel = (;", "syntax.ts:1:29"],
    "variables.ts": [
      `export const createModel = ({ tf }) => {
        const model = tf.sequential({
          name: "gone",
          layers: [tf.layers.dense({ units: 1, inputShape: [2] })],
        });
        tf.disposeVariables();
        return model;
      };`,
      'createModel returned "gone", a model that was disposed of',
    ],
    "disposed.ts": [
      "export const createModel = ({ tf }) => { const m = tf.sequential({ name: 'gone', layers: [" +
      "tf.layers.dense({ units: 1, inputShape: [2] })] }); m.dispose(); return m; };",
      'createModel returned "gone", a model that was disposed of',
    ],
    "later.ts": [
      "let m; export const createModel = ({ tf }) => m = tf.sequential({ name: 'late', layers: [" +
      "tf.layers.dense({ units: 1, inputShape: [2] })] }); export const createBatch = ({ tf }) => {" +
      "m.dispose(); return { inputs: tf.ones([2, 2]) }; };",
      'later.ts: model is "late", a model that was disposed of',
    ],
    "rejects.ts": ["export const createModel = () => Promise.reject(new Error('late'));", "late"],
  };
  for (const [name, [source, includes]] of Object.entries(modules)) {
    await Deno.writeTextFile(`${folder}/${name}`, source);
    await assertRefuses(["report", `${folder}/${name}`, "--quiet"], [name, includes]);
  }
  await assertRefuses(["report", `${folder}/missing.ts`, "--quiet"], "missing.ts");
  await assertRefuses(["report", `${folder}`, "--quiet"], folder);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("report measures a module's model on the module's own batch and objective", async () => {
  const folder = await Deno.makeTempDir({ prefix: "a b#c%20ü" });
  await Deno.writeTextFile(
    `${folder}/model.ts`,
    `export const objective = "meanSquaredError";
     export const createModel = async ({ tf, seed }) => tf.sequential({ name: "seed" + seed,
       layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
     export const createBatch = ({ tf, seed, examples }) =>
       ({ inputs: tf.ones([examples, 3]), targets: tf.zeros([examples, 2]) });`,
  );
  const { code, stdout, stderr } = await runCommand(
    ["report", `${folder}/model.ts`, "--seed", "5", "--examples", "9", "--format", "json"],
  );
  if (code !== 0) throw new Error(stderr);
  assertStringIncludes(stdout, '"name": "seed5"');
  assertStringIncludes(stdout, '"examples": 9');
  assertStringIncludes(stdout, '"name": "meanSquaredError"');
  await Deno.remove(folder, { recursive: true });
});

Deno.test("report refuses targets that its objective does not take, and names their file", () =>
  withModel(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/model.ts`,
      `import process from "node:process";
       console.log("imported");
       const bytes = new TextEncoder().encode("raw");
       Deno.stdout.writeSync(bytes);
       export const createModel = async ({ tf }) => {
         await Deno.stdout.write(bytes);
         process.stdout.write("raw");
         const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [2] })] });
         model.summary();
         return model;
       };
       export const createBatch = ({ tf, examples }) =>
         ({ inputs: tf.ones([examples, 2]), targets: tf.zeros([examples]) });`,
    );
    await Deno.writeTextFile(`${folder}/b.json`, '{"inputs": [[1, 2]], "targets": [2]}');
    const report = (objective: string, ...rest: string[]) =>
      runCommand(["report", `${folder}/model.ts`, "--quiet", "--objective", objective, ...rest]);
    for (const rest of [[], ["--batch", `${folder}/b.json`]]) {
      const refused = await report("meanSquaredError", ...rest);
      assertStringIncludes(
        refused.stderr,
        `error: ${folder}/${rest.length ? "b.json" : "model.ts"}`,
      );
      assertStringIncludes(refused.stderr, "expected [any, 3]");
      const taken = await report("sparseCategoricalCrossentropy", ...rest, "--format", "json");
      // The module's own logs are not part of the report.
      JSON.parse(taken.stdout);
      assertStringIncludes(taken.stderr, "Trainable params: 9");
    }
  }));
