import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { init, NET, ROOT, runWritten, textsIn, withFiles } from "./init_folder.ts";
import { runCommand } from "./run_command.ts";

const FILES = `${ROOT}fixtures/files/`;

/** Copies fixtures into a folder, unpacked. */
async function copy(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, from] of Object.entries(files)) {
    const stream = (await Deno.open(`${FILES}${from}`)).readable;
    const plain = from.endsWith(".gz")
      ? stream.pipeThrough(new DecompressionStream("gzip"))
      : stream;
    await Deno.writeFile(`${folder}/${path}`, plain);
  }
}

const linesOf = (stdout: string, word: string) =>
  stdout.split("\n").filter((line) => line.startsWith(word)).map((line) => line.slice(9));

Deno.test("init finds what Keras and PyTorch save, by what is in the files", () =>
  withFiles({ "bad.pt": "no weights", "group1-shard1of1.bin": "1234" }, async (folder) => {
    await copy(folder, {
      "a.keras": "keras/dense.keras",
      "b.h5": "keras/dense_keras2.h5.gz",
      "c.weights.h5": "keras/dense.weights.h5.gz",
      "d.safetensors": "mlp.safetensors",
      "e.pt": "mlp.pt",
      "f.pth": "mlp_legacy.pth",
    });
    const { code, stdout } = await init(folder);
    assertEquals(code, 2);
    assertEquals(linesOf(stdout, "found"), [
      "a.keras: it is a Keras model",
      "b.h5: it is a Keras model",
      "d.safetensors: it holds weights without layers (safetensors, 6 tensors)",
      "e.pt: it holds weights without layers (PyTorch, 6 tensors)",
      "f.pth: it holds weights without layers (PyTorch, 6 tensors)",
    ]);
    const unclear = linesOf(stdout, "unclear");
    assertEquals(unclear.length, 2);
    assert(unclear[0].startsWith("bad.pt: The file "), unclear[0]);
    assertEquals(
      unclear[1],
      "c.weights.h5: it holds the weights of a Keras model without its layers",
    );
  }));

Deno.test("init writes a test for a Keras model and for weights alone, which passes, and so does check", () =>
  withFiles({}, async (folder) => {
    await copy(folder, { "lstm.keras": "keras/lstm.keras", "mlp.safetensors": "mlp.safetensors" });
    assertEquals((await init(folder, "--yes")).code, 0);
    const texts = await textsIn(folder).then((texts) => texts["gradient-health.json"]);
    assertEquals(JSON.parse(texts).models, [
      { name: "lstm", path: "lstm.keras" },
      { name: "mlp", path: "mlp.safetensors" },
    ]);
    const { output } = await runWritten(folder);
    assertStringIncludes(output, "lstm.keras can be trained ... ");
    assertStringIncludes(output, "mlp.safetensors holds healthy weights ... ok");
    const check = await runCommand(["check", "--trial", "off"], { cwd: folder });
    assertStringIncludes(check.stdout, "No finding (weights only, 6 of ");
    assertEquals(check.code, 0, check.stdout);
  }));

Deno.test("init MODEL takes weights alone, whose test imports no engine, and fails where they are sick", () =>
  withFiles({ "net.ts": NET }, async (folder) => {
    await copy(folder, { "mlp.pt": "mlp.pt" });
    assertEquals((await init(folder, "mlp.pt", "--yes")).code, 0);
    const test = await Deno.readTextFile(`${folder}/gradient_health_test.ts`);
    assert(!test.includes("startEngine"), test);
    const healthy = await runWritten(folder);
    assertEquals(healthy.code, 0, healthy.output);
    // The same file with a weight that is NaN.
    const bytes = await Deno.readFile(`${FILES}mlp.safetensors`);
    bytes.fill(255, bytes.length - 4);
    await Deno.writeFile(`${folder}/mlp.safetensors`, bytes);
    await Deno.writeTextFile(
      `${folder}/gradient_health_test.ts`,
      test.replace("mlp.pt", "mlp.safetensors"),
    );
    const sick = await runWritten(folder);
    assertEquals(sick.code, 1);
    assertStringIncludes(sick.output, "NaN");
  }));
