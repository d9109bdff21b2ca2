import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { exerciseModel } from "../../src/core/model/layers/exercise_model.ts";
import { getWeights } from "../../src/core/model/weights/model_weights.ts";
import { loadModel } from "../../src/load/load_model.ts";
import { loadByTensorFlow, namesIn } from "../core/model/read_saved.ts";
import { saveModel, withFolder } from "../core/model/save_model.ts";
import { withGateFolder } from "./gate_folder.ts";
import { runCommand } from "./run_command.ts";

const lastLine = (text: string) => text.trimEnd().split("\n").at(-1)!;

const fix = (cwd: string, ...args: string[]) =>
  runCommand(["fix", ...args, "--quiet", "--columns", "1000"], { cwd });

Deno.test("fix writes the exercise's network healthy, from several files, below a path with spaces", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  await withFolder(async (folder) => {
    const drawn = exerciseModel();
    await saveModel(tf, drawn, folder, { shard: 5000 });
    drawn.dispose();
    const before = namesIn(folder);
    const { code, stdout, stderr } = await fix(folder, "model.json", "--out", "the fixed/one");
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "Changed 9 of 22 weights.\n");
    assertStringIncludes(stdout, 'kernelInitializer: "leCunUniform"  // in dense_2 ... dense_10\n');
    assertEquals(lastLine(stdout), "HEALTHY: measured again from the fixed/one/model.json");
    const out = `${folder}/the fixed/one`;
    assertEquals(namesIn(out), ["CHANGES.md", ...before].toSorted());
    assert(before.length > 3);
    assertEquals(
      await Deno.readTextFile(`${out}/model.json`),
      await Deno.readTextFile(`${folder}/model.json`),
    );
    const theirs = await loadByTensorFlow(tf, `${out}/model.json`);
    const { model } = await loadModel(`${folder}/model.json`);
    const [is, was] = [theirs, model].map((one) => Object.values(getWeights(one)));
    const fixed = was.flatMap(({ name }, i) =>
      Object.is(is[i].values.join(), was[i].values.join()) ? [] : [name]
    );
    assertEquals(fixed, Array.from({ length: 9 }, (_, i) => `dense_${i + 2}/kernel`));
    theirs.dispose();
    model.dispose();
    const again = await fix(folder, "the fixed/one/model.json", "--out", "more");
    assertEquals(again.code, 0);
    assertEquals(lastLine(again.stdout), "HEALTHY: no error to fix, nothing written");
    assertEquals(namesIn(folder), [...before, "the fixed"].toSorted());
  });
});

Deno.test("fix lists the cause, the layers, the figures, the trial and the code in CHANGES.md", async () => {
  await withGateFolder(["relu_dead_layer"], {}, async (folder) => {
    const model = "relu_dead_layer/model.json";
    const batch = ["--batch", "relu_dead_layer/batch.json"];
    const { code, stderr } = await fix(folder, model, ...batch, "--out", "fixed");
    assertEquals([code, stderr], [0, ""]);
    const text = await Deno.readTextFile(`${folder}/fixed/CHANGES.md`);
    const parts = [
      "# Changes to `relu_dead_layer/model.json`\n",
      "changed 1 of 10 weights; the others are the same to the last bit.\n",
      "- before: SICK: 1 cause\n- after: HEALTHY\n",
      "- Cause: `bias`, in `dense_3`\n- Fix: Start the bias of dense\\_3 at 0.\n",
      "- Tried: the model is then HEALTHY; mean \\|gradient\\| of the kernel of dense\\_1: 0 before, 0.557 after.\n",
      "| `dense_3/bias` | set to 0 | mean -100, std 0 | mean 0, std 0 |\n",
      '```ts\nbiasInitializer: "zeros"  // in dense_3\n```\n',
      "- before: 5 of 5 layers hardly change: in 40 steps of Adam at 3 rates, the loss falls from 1.03 to " +
      "0.895, which is no better than guessing",
      "- after: in 7 steps of Adam at a rate of 0.003, ",
    ];
    for (const part of parts) assertStringIncludes(text, part);
    const [was, is] = [`${folder}/relu_dead_layer`, `${folder}/fixed`]
      .map((path) => new Float32Array(Deno.readFileSync(`${path}/weights.bin`).buffer));
    const differ = [...is.keys()].filter((i) => !Object.is(is[i], was[i]));
    assertEquals(new Set(differ.map((i) => `${was[i]} ${is[i]}`)), new Set(["-100 0"]));
  });
});

Deno.test("fix says what does not lie in the weights, with its code, and writes nothing", async () => {
  await withGateFolder(["sigmoid_vanishing"], {}, async (folder) => {
    const model = "sigmoid_vanishing/model.json";
    // Of 300 steps it needs 97 to learn its batch, and is then only warned of.
    const { code, stdout, stderr } = await fix(folder, model, "--trial", "40", "--out", "fixed");
    assertEquals([code, stderr], [1, ""]);
    assertStringIncludes(
      stdout,
      '  activation: "tanh", kernelInitializer: "leCunUniform"  // in dense_1 ... dense_10\n',
    );
    assertEquals(
      lastLine(stdout),
      "SICK: 1 cause: nothing written, as the fix is not in the weights",
    );
    assertEquals(namesIn(folder), ["sigmoid_vanishing"]);
  });
});

/**
 * A relu network with a dead layer whose head does not fit the loss: one cause is in the weights.
 */
const TWO_CAUSES = `export const objective = "categoricalCrossentropy";
export const createModel = ({ tf }) => tf.sequential({
  layers: [1, 2, 3, 4, 5].map((i) => tf.layers.dense({
    name: i === 5 ? "head" : "dense_" + i,
    units: i === 5 ? 3 : 32,
    activation: i === 5 ? "linear" : "relu",
    kernelInitializer: tf.initializers.heNormal({ seed: i }),
    biasInitializer: i === 3 ? tf.initializers.constant({ value: -100 }) : "zeros",
    ...i === 1 ? { inputShape: [16] } : {},
  })),
});
export const createBatch = ({ tf, seed, examples }) => ({
  inputs: tf.randomNormal([examples, 16], 0, 1, "float32", seed + 1),
  targets: tf.tidy(() => tf.cast(
    tf.oneHot(tf.range(0, examples, 1, "int32").mod(tf.scalar(3, "int32")), 3), "float32")),
});
`;

Deno.test("fix writes the model of a module, with what lies in its weights fixed, and says what is left", async () => {
  await withGateFolder([], { "net.js": TWO_CAUSES }, async (folder) => {
    const dry = await fix(folder, "net.js");
    assertEquals([dry.code, dry.stderr], [1, ""]);
    const left = "changes of the code are left to you";
    assertEquals(
      lastLine(dry.stdout),
      `SICK: 2 causes: --out DIR writes a copy with its weights fixed; ${left}`,
    );
    const { code, stdout, stderr } = await fix(folder, "net.js", "--out", "fixed");
    assertEquals([code, stderr], [1, ""]);
    const paste = stdout.slice(stdout.indexOf("Code to paste:"));
    assertStringIncludes(paste, '  activation: "softmax"  // in head\n');
    assertStringIncludes(paste, '  biasInitializer: "zeros"  // in dense_3\n');
    assertMatch(stdout, /Problems left in the copy:\nSICK: 1 cause\n/);
    assertEquals(
      lastLine(stdout),
      `SICK: 1 cause: measured again from fixed/model.json; ${left}, see CHANGES.md`,
    );
    assertEquals(namesIn(`${folder}/fixed`), ["CHANGES.md", "group1-shard1of1.bin", "model.json"]);
    assertEquals(await Deno.readTextFile(`${folder}/net.js`), TWO_CAUSES);
    const list = await Deno.readTextFile(`${folder}/fixed/CHANGES.md`);
    assertStringIncludes(list, "- Left to you: End head in softmax");
    await using engine = await startEngine();
    const { model } = await loadModel(`${folder}/fixed/model.json`);
    const theirs = await loadByTensorFlow(engine.tf, `${folder}/fixed/model.json`);
    assertEquals(Object.values(getWeights(theirs)), Object.values(getWeights(model)));
    assertEquals(new Set(getWeights(model)["dense_3/bias"].values), new Set([0]));
    model.dispose();
    theirs.dispose();
  });
});

Deno.test("fix leaves a healthy model and a warning as they are", async () => {
  await withGateFolder(["relu_he", "sigmoid_vanishing"], {}, async (folder) => {
    for (
      const [name, verdict, ...flags] of [
        ["relu_he", "HEALTHY"],
        ["sigmoid_vanishing", "WEAK: 1 warning"],
      ]
    ) {
      const { code, stdout } = await fix(folder, `${name}/model.json`, ...flags, "--out", "fixed");
      assertEquals(code, 0);
      assertEquals(lastLine(stdout), `${verdict}: no error to fix, nothing written`);
    }
    assertEquals(namesIn(folder), ["relu_he", "sigmoid_vanishing"]);
  });
});

/** Layers without names, of which the kernels are too small, and sigmoids lose the rest. */
const UNNAMED = `
export const objective = "binaryCrossentropy";
export function createModel({ tf, seed }) {
  const dense = (i, units, initializer) =>
    tf.layers.dense({ units, activation: "sigmoid", kernelInitializer: initializer, inputShape: [64] });
  const small = (i) => tf.initializers.randomNormal({ stddev: 0.02, seed: 100 * seed + i });
  const layers = Array.from({ length: 30 }, (_, i) => dense(i, 64, small(i)));
  const head = tf.initializers.glorotUniform({ seed: 100 * seed + 50 });
  return tf.sequential({ layers: [...layers, dense(30, 1, head)] });
}
`;

Deno.test("fix says of layers without names what it changed, and what is left to the code", async () => {
  await withGateFolder([], { "net.js": UNNAMED }, async (folder) => {
    const { code, stdout } = await fix(folder, "net.js");
    assertEquals(code, 1);
    assertEquals(
      lastLine(stdout),
      "SICK: 1 cause: --out DIR writes a copy with its weights fixed; changes of the code are left to you",
    );
    // The kernels that another activation draws again are named once, with it.
    const fixes = stdout.split("\n").filter((line) => line.startsWith("   Fix: "));
    assertEquals(fixes, [
      "   Fix: Replace sigmoid in dense_1 ... dense_30 by tanh, and draw the kernels with " +
      'kernelInitializer: "leCunUniform".',
    ]);
    assertStringIncludes(
      stdout,
      '  activation: "tanh", kernelInitializer: "leCunUniform"  // in dense_1 ... dense_30\n',
    );
    const exploding = new URL("../../docs/illnesses/exploding.ts", import.meta.url).pathname;
    await fix(folder, exploding, "--out", "fixed");
    const rows = (await Deno.readTextFile(`${folder}/fixed/CHANGES.md`))
      .split("\n").filter((line) => line.startsWith("| `dense_"));
    assert(rows.length > 3);
    for (const row of rows) assertMatch(row, /\| mean \S+, std \S+ \| mean \S+, std \S+ \|$/);
  });
});
