import { assertEquals, assertStringIncludes } from "@std/assert";
import { namesIn } from "../core/model/read_saved.ts";
import { withGateFolder } from "./gate_folder.ts";
import { assertRefuses } from "./refuses.ts";
import { readFlag } from "./listed_flags.ts";
import { runCommand } from "./run_command.ts";

const NAME = "relu_dead_layer";
const MODEL = `${NAME}/model.json`;

Deno.test("fix refuses a folder that holds files, a file and the model's folder before it measures", async () => {
  await withGateFolder([NAME], { "full/x": "x", "file": "x" }, async (folder) => {
    await Deno.symlink(`${folder}/${NAME}`, `${folder}/link`);
    const before = namesIn(`${folder}/${NAME}`);
    const refusals: [out: string, why: string][] = [
      ["full", "full is a folder that holds files, expected a new or an"],
      ["file", "file is a file, expected a new or an empty folder"],
      ["file/below", "file/below cannot be written: a part of its path is not a folder"],
      [NAME, `--out is ${NAME}, the folder of the model, expected another one`],
      [`./full/../${NAME}/`, "the folder of the model, expected another one"],
      ["link", "--out is link, the folder of the model, expected another one"],
      ["", "--out has no value, expected --out DIR"],
    ];
    // The model is not looked at: there is none of this name.
    for (const [out, why] of refusals.slice(0, 3)) {
      await assertRefuses(["fix", "none/model.json", "--out", out], why, { cwd: folder });
    }
    for (const [out, why] of refusals) {
      await assertRefuses(["fix", MODEL, `--out=${out}`], why, { cwd: folder });
    }
    assertEquals(namesIn(`${folder}/${NAME}`), before);
    assertEquals(namesIn(`${folder}/full`), ["x"]);
    assertEquals(namesIn(folder), ["file", "full", "link", NAME]);
  });
});

Deno.test("fix leaves no folder behind where the model cannot be loaded", async () => {
  await withGateFolder([NAME], {}, async (folder) => {
    const out = ["--out", "a/b"];
    await assertRefuses(["fix", "none.json", ...out], "none.json: there is no such file", {
      cwd: folder,
    });
    await Deno.truncate(`${folder}/${NAME}/weights.bin`, 100);
    await assertRefuses(["fix", MODEL, ...out], '"weights.bin" has 100 bytes', { cwd: folder });
    assertEquals(namesIn(folder), [NAME]);
  });
});

Deno.test("fix writes into an empty folder inside the model's own", async () => {
  await withGateFolder([NAME], {}, async (folder) => {
    await Deno.mkdir(`${folder}/${NAME}/fixed`);
    const cwd = `${folder}/${NAME}`;
    const { code, stderr } = await runCommand(
      ["fix", "model.json", "--batch", "batch.json", "--out", "fixed", "--quiet"],
      { cwd },
    );
    assertEquals([code, stderr], [0, ""]);
    assertEquals(namesIn(`${cwd}/fixed`), ["CHANGES.md", "model.json", "weights.bin"]);
  });
});

Deno.test("fix needs to write its folder and nothing else", async () => {
  await withGateFolder([NAME], {}, async (folder) => {
    const args = ["fix", `${folder}/${MODEL}`, "--out", `${folder}/fixed`, "--quiet"];
    const read = await readFlag("fix", `${folder}/${NAME},${folder}/fixed`);
    const refused = await runCommand(args, { permissions: ["--no-prompt", read] });
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.stderr, "fixed cannot be written: it is not allowed: use");
    const allowed = await runCommand(args, {
      permissions: ["--no-prompt", read, `--allow-write=${folder}/fixed`],
    });
    assertEquals([allowed.code, allowed.stderr], [0, ""]);
  });
});

Deno.test("fix says that a model.json cannot hold a class of the module, and writes nothing", async () => {
  const net = `export const createModel = ({ tf }) => {
    class Own extends tf.layers.Layer {
      static className = "Own";
      call(inputs) { return tf.tidy(() => [inputs].flat()[0].mul(1)); }
    }
    const dense = (name, rest) => tf.layers.dense({ name, units: 32, activation: "relu",
      kernelInitializer: tf.initializers.heNormal({ seed: 1 }), ...rest });
    return tf.sequential({ layers: [
      dense("first", { inputShape: [16] }), new Own({ name: "own" }),
      dense("dead", { biasInitializer: tf.initializers.constant({ value: -100 }) }), dense("head"),
    ] });
  };`;
  await withGateFolder([], { "net.js": net }, async (folder) => {
    await assertRefuses(
      ["fix", "net.js", "--out", "fixed", "--quiet"],
      ["fixed: the model cannot be read again as a model.json: ", '"Own"'],
      { cwd: folder },
    );
    assertEquals(namesIn(folder), ["net.js"]);
  });
});

Deno.test("fix says that there is no fix to try", async () => {
  const net = `export const createModel = ({ tf }) => {
    const model = tf.sequential({ layers: [4, 2].map((units) =>
      tf.layers.dense({ units, inputShape: [3] })) });
    const [kernel, ...rest] = model.getWeights();
    model.setWeights([tf.fill(kernel.shape, NaN), ...rest]);
    return model;
  };`;
  await withGateFolder([], { "net.js": net }, async (cwd) => {
    const { code, stdout } = await runCommand(["fix", "net.js", "--quiet"], { cwd });
    assertEquals(code, 1);
    assertStringIncludes(stdout, "nothing written, as there is no fix to try");
  });
});
