import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { modelIn } from "../../src/cli/model_in.ts";
import { ModelError } from "../../src/core/model/model_error.ts";
import { fixture } from "../torch/fixture.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

/** Runs a test on a folder of empty files. */
async function withFiles(names: string[], run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  for (const name of names) await Deno.writeTextFile(`${folder}/${name}`, "{}");
  await run(folder).finally(() => Deno.remove(folder, { recursive: true }));
}

Deno.test("modelIn() finds the model that a folder stands for", async () => {
  const cases: [files: string[], found: string][] = [
    [["model.json", "weights.bin", "other.keras"], "model.json"],
    [["net.keras", "net.weights.h5", "history.csv", "train.py"], "net.keras"],
    [
      ["config.json", "model.safetensors", "pytorch_model.bin", "tokenizer.json"],
      "model.safetensors",
    ],
    [["config.json", "pytorch_model.bin"], "pytorch_model.bin"],
    [["run.pt"], "run.pt"],
    [
      ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"],
      "model-*-of-00002.safetensors",
    ],
    [["config.json", "a.safetensors", "b.safetensors"], "*.safetensors"],
  ];
  for (const [files, found] of cases) {
    await withFiles(files, async (folder) => {
      assertEquals(await modelIn(folder), `${folder}/${found}`);
      assertEquals(await modelIn(`${folder}/`), `${folder}/${found}`);
    });
  }
  for (const path of ["none", "", "deno.json", "docs"]) assertEquals(await modelIn(path), path);
});

Deno.test("modelIn() finds the model in the cache of Hugging Face, whose files are links", () =>
  withFiles(["blob"], async (folder) => {
    await Deno.mkdir(`${folder}/refs`);
    await Deno.mkdir(`${folder}/snapshots/abc`, { recursive: true });
    await Deno.mkdir(`${folder}/snapshots/older`);
    await Deno.writeTextFile(`${folder}/refs/main`, "abc\n");
    await Deno.symlink("../../blob", `${folder}/snapshots/abc/model.safetensors`);
    assertEquals(await modelIn(folder), `${folder}/snapshots/abc/model.safetensors`);
  }));

Deno.test("modelIn() says what a folder is that holds no model to read, or several", async () => {
  const cases: [files: string[], said: string][] = [
    [["saved_model.pb", "keras_metadata.pb"], "is a SavedModel of TensorFlow, a graph without"],
    [["a.keras", "b.h5"], "is a folder with 2 models, expected "],
    [
      ["1.pt", "2.pt", "3.pt", "4.pt", "5.pt", "6.pt"],
      "a folder with 6 models, expected one, such as ",
    ],
  ];
  for (const [files, said] of cases) {
    await withFiles(files, async (folder) => {
      await assertRejects(() => modelIn(folder), ModelError, said);
    });
  }
});

Deno.test("report, check and the bare path take the folder of a model", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.copyFile(fixture("keras/dense.keras"), `${folder}/dense.keras`);
  const flags = ["--quiet", "--trial", "off"];
  const byFile = await runCommand(["report", `${folder}/dense.keras`, ...flags]);
  assertEquals(byFile.code, 0);
  assertEquals(await runCommand(["report", folder, ...flags]), byFile);
  assertEquals(await runCommand([folder, ...flags]), byFile);
  const check = await runCommand(["check", folder, "--no-config", ...flags]);
  assertEquals([check.code, check.stderr], [0, ""]);
  await Deno.copyFile(fixture("keras/dense.keras"), `${folder}/other.keras`);
  await assertRefuses([folder], "is a folder with 2 models, expected");
  await assertRefuses(["check", folder, "--no-config"], "is a folder with 2 models");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("report says what the JSON files of a Hugging Face model are", async () => {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  for (
    const [text, said] of [
      ['{"weight_map": {}, "metadata": {}}', "The file lists the parts of a Hugging Face model"],
      ['{"model_type": "bert"}', "The file holds the settings of a Hugging Face model"],
    ]
  ) {
    await Deno.writeTextFile(path, text);
    const { code, stderr } = await runCommand(["report", path]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, said);
  }
  await Deno.remove(path);
});
