import { assertEquals } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";
import { NETWORK, refused, save, withModel } from "./with_model.ts";

Deno.test("report takes a model that is whole", () =>
  withModel(async (folder) => {
    const { code, stderr } = await runCommand(["report", `${folder}/model.json`, "--quiet"]);
    if (code !== 0) throw new Error(stderr);
  }));

Deno.test("report refuses a model.json that is missing", () =>
  refused("/nowhere", "/nowhere/model.json"));

Deno.test("report refuses a model.json that is truncated", () =>
  withModel(async (folder) => {
    const text = await Deno.readTextFile(`${folder}/model.json`);
    await Deno.writeTextFile(`${folder}/model.json`, text.slice(0, text.length / 2));
    await refused(folder, "model.json", "JSON");
  }));

Deno.test("report refuses a model.json that is something else", () =>
  withModel(async (folder) => {
    for (const text of ["[]", "3", '{"hello": 1}', '"model"', "null"]) {
      await Deno.writeTextFile(`${folder}/model.json`, text);
      await refused(folder, "model.json");
    }
  }));

Deno.test("report refuses a weight file that is missing, truncated or too long", () =>
  withModel(async (folder) => {
    const bytes = await Deno.readFile(`${folder}/weights.bin`);
    await Deno.writeFile(`${folder}/weights.bin`, bytes.subarray(0, bytes.length - 4));
    await refused(folder, "weights.bin", String(bytes.length));
    await Deno.writeFile(`${folder}/weights.bin`, new Uint8Array(bytes.length + 4));
    await refused(folder, "weights.bin", String(bytes.length));
    await Deno.remove(`${folder}/weights.bin`);
    await refused(folder, "weights.bin");
  }));

Deno.test("report refuses weights that do not match the layers", () =>
  withModel(async (folder, manifest) => {
    const [group] = manifest.weightsManifest;
    const removed = group.weights.pop()!;
    await save(folder, manifest);
    await refused(folder, "model.json");
    group.weights.push({ ...removed, shape: [2] });
    await save(folder, manifest);
    await refused(folder, "model.json");
  }));

Deno.test("report names an unknown layer class and how to register it", () =>
  withModel(async (folder, manifest) => {
    manifest.modelTopology.config.layers[1].class_name = "MultiplyBeta";
    await save(folder, manifest);
    await refused(folder, "MultiplyBeta", "--register");
  }));

Deno.test("report refuses weight files outside of the model's folder", () =>
  withModel(async (folder, manifest) => {
    await Deno.copyFile(`${folder}/weights.bin`, `${folder}-outside.bin`);
    const name = `${folder.split("/").at(-1)}-outside.bin`;
    for (const path of [`../${name}`, `${folder}-outside.bin`, `a/../../${name}`]) {
      manifest.weightsManifest[0].paths = [path];
      await save(folder, manifest);
      await refused(folder, path, "folder");
    }
    await Deno.symlink(`${folder}-outside.bin`, `${folder}/link.bin`);
    manifest.weightsManifest[0].paths = ["link.bin"];
    await save(folder, manifest);
    await refused(folder, "link.bin", "folder");
    await Deno.remove(`${folder}-outside.bin`);
  }));

Deno.test("a chain that is too long for the call stack is refused with a way out", () =>
  withGateFolder([], { "deep.js": NETWORK.replace("= 1", "= 12_000") }, async (cwd) => {
    for (const subcommand of ["report", "check"]) {
      await assertRefuses([subcommand, "deep.js", "--quiet"], [
        "error: deep.js: TensorFlow.js has no room for 12001 layers in a row",
        "--v8-flags=--stack-size=",
      ], { cwd });
    }
  }));

Deno.test("code of a model that calls itself without end is not taken for a long chain", () =>
  withGateFolder([], {
    "endless.js": `export const createModel = ({ tf }) => {
  const input = tf.input({ shape: [2] });
  const outputs = tf.layers.dense({ units: 1 }).apply(input);
  const model = tf.model({ inputs: input, outputs });
  Object.defineProperty(input.sourceLayer, "outboundNodes", {
    get() {
      return this.outboundNodes;
    },
  });
  return model;
};
`,
  }, (cwd) =>
    assertRefuses(["report", "endless.js", "--quiet"], [
      "error: endless.js: code of the model calls itself without end\n",
    ], { cwd })));

Deno.test("nothing is written over what is read", () =>
  withGateFolder(
    [],
    {
      "net.js": NETWORK,
      "gradient-health.json": { models: [{ path: "net.js" }] },
      "batch.json": {},
    },
    async (cwd) => {
      const refused = (line: string, file: string) =>
        assertRefuses(line.split(" "), `would replace ${file}, which is read`, { cwd });
      await Deno.symlink("net.js", `${cwd}/link.js`);
      await refused("report net.js --out ./net.js", "./net.js");
      await refused("report net.js --out link.js", "link.js");
      await refused("report net.js --batch batch.json --out batch.json", "batch.json");
      await refused("report model.json --register net.js --out net.js", "net.js");
      await refused("sweep net.js --out net.js", "net.js");
      await refused("sweep net.js --batch batch.json --out batch.json", "batch.json");
      await refused("check --reporter text --reporter json=net.js", "net.js");
      await refused("check --reporter sarif=gradient-health.json", "gradient-health.json");
      const { code } = await runCommand(["check", "--update-baseline", "--quiet"], { cwd });
      assertEquals(code, 0);
      const baseline = "gradient-health.baseline.json";
      await refused(`check --reporter json=${baseline}`, baseline);
      assertEquals(await Deno.readTextFile(`${cwd}/net.js`), NETWORK);
    },
  ));

Deno.test("a path through a file is refused in words", () =>
  withGateFolder(
    [],
    { "net.js": NETWORK },
    (cwd) =>
      assertRefuses(["report", "net.js/"], "net.js/: a part of its path is not a folder", { cwd }),
  ));
