import { examine } from "../../../src/core/diagnosis/examine/examine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { loadModel } from "../../../src/load/load_model.ts";
import { readBatch } from "../../../src/load/read_batch.ts";
import { rescaleWeights } from "../../../src/core/model/weights/model_weights.ts";
import { ModelError } from "../../../src/core/model/model_error.ts";
import { openZip } from "../../../src/files/unzip.ts";
import { runCommand } from "../../cli/run_command.ts";
import { withFolder } from "../../core/model/save_model.ts";
import { programPath } from "./edited_program.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const GIVEN = [programPath("shrunk.pt2"), "--batch", programPath("shrunk.npz")];
const CLASSES = ["--objective", "cross_entropy"];
const PLACE = "fixtures/torch_programs/networks.py";

const text = await Deno.readTextFile(programPath("networks.py"));
const line = text.slice(0, text.indexOf("x = torch.relu(block(x))")).split("\n").length;

Deno.test("fix writes PyTorch code for the weights of a program", async () => {
  const { code, stdout } = await runCommand(["fix", ...GIVEN, ...CLASSES, "--quiet"]);
  assertEquals(code, 1);
  assertStringIncludes(stdout, `In ${PLACE}:${line}.`);
  assertStringIncludes(stdout, "for w in [model.blocks[0].weight, model.blocks[1].weight, ");
  assertStringIncludes(stdout, 'nn.init.kaiming_normal_(w, nonlinearity="relu")');
  assertStringIncludes(stdout, "the model is then HEALTHY");
});

Deno.test("check annotates the line of PyTorch code that is wrong", async () => {
  const { code, stdout } = await runCommand([
    "check",
    ...GIVEN,
    ...CLASSES,
    "--format",
    "github",
    "--quiet",
  ]);
  assertEquals(code, 1);
  assertStringIncludes(stdout, `::error file=${PLACE},line=${line},`);
});

Deno.test("SARIF and JSON name the line of PyTorch code of each layer", async () => {
  const quiet = [...GIVEN, ...CLASSES, "--quiet", "--format"];
  const sarif = JSON.parse((await runCommand(["check", ...quiet, "sarif"])).stdout);
  const places = sarif.runs[0].results.flatMap(({ locations }: {
    locations: {
      physicalLocation: { artifactLocation: { uri: string }; region?: { startLine: number } };
    }[];
  }) =>
    locations.map(({ physicalLocation: { artifactLocation: { uri }, region } }) =>
      `${uri}:${region?.startLine}`
    )
  );
  assert(places.includes(`${PLACE}:${line}`), places.join());
  const { layers } = JSON.parse((await runCommand(["report", ...quiet, "json"])).stdout);
  const [block] = layers.filter(({ name }: { name: string }) => name === "blocks.0");
  assertEquals([block.source.file, block.source.line], [PLACE, line]);
});

Deno.test("sweep scales the kernels of a program, and finds where its gradients pass", async () => {
  const { code, stdout } = await runCommand(
    [
      "sweep",
      ...GIVEN,
      ...CLASSES,
      "--scale",
      "1,100",
      "--seeds",
      "1",
      "--format",
      "json",
      "--quiet",
    ],
    { separate: true },
  );
  assertEquals(code, 0);
  const { points } = JSON.parse(stdout);
  const largest = points.map(({ layers }: { layers: { gradient: number | null }[] }) =>
    Math.max(...layers.map(({ gradient }) => gradient ?? 0))
  );
  assertEquals(largest.length, 2);
  assert(largest[1] > 2 * largest[0], largest.join());
});

Deno.test("diff compares two states of a program, layer by layer", async () => {
  const given = ["--batch", programPath("shrunk.npz"), ...CLASSES];
  await withFolder(async (folder) => {
    await runCommand(["fix", ...GIVEN, ...CLASSES, "--out", `${folder}/fixed`, "--quiet"]);
    const fixed = `${folder}/fixed/shrunk.pt2`;
    const { stdout } = await runCommand(["diff", programPath("shrunk.pt2"), fixed, ...given]);
    assertStringIncludes(stdout, "SICK");
    assertStringIncludes(stdout, "HEALTHY");
    assertStringIncludes(stdout, "blocks.0");
    const same = await runCommand(["diff", fixed, fixed, ...given]);
    assertStringIncludes(same.stdout, "layers unchanged.");
  });
});

Deno.test("report of a healthy program finds nothing, and its trial passes", async () => {
  const { code, stdout } = await runCommand([
    "report",
    programPath("cnn.pt2"),
    "--batch",
    programPath("cnn.npz"),
    ...CLASSES,
    "--quiet",
  ]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "HEALTHY\nTrial passed");
});

Deno.test("report tries the head of a program without its softmax", async () => {
  const { stdout } = await runCommand([
    "report",
    programPath("doubled.pt2"),
    "--batch",
    programPath("doubled.npz"),
    ...CLASSES,
    "--trial",
    "always",
    "--quiet",
  ]);
  assertStringIncludes(stdout, "Fix: Remove the activation from body.3.");
  assertStringIncludes(stdout, "Tried: this warning is then gone.");
});

Deno.test("a file that is no program is one sentence and exit code 2", async () => {
  const { code, stderr } = await runCommand(["report", programPath("networks.py") + ".pt2"]);
  assertEquals(code, 2);
  assertEquals(stderr.trim().split("\n").length, 1);
});

Deno.test("fix --out writes a program whose changed weights alone differ", async () => {
  const out = `${await Deno.makeTempDir()}/fixed`;
  const { code, stdout } = await runCommand([
    "fix",
    ...GIVEN,
    ...CLASSES,
    "--quiet",
    "--out",
    out,
  ]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "Changed 12 of 26 weights.");
  const files = async (path: string) =>
    [...openZip(await Deno.readFile(path), ModelError).values()]
      .map((entry) => [entry.name, entry.read()] as const);
  const before = await files(programPath("shrunk.pt2"));
  const after = new Map(await files(`${out}/shrunk.pt2`));
  const changed = before.filter(([name, bytes]) => `${after.get(name)}` !== `${bytes}`)
    .map(([name]) => name);
  assertEquals(after.size, before.length);
  assertEquals(changed.length, 12);
  assertEquals(changed.every((name) => name.includes("data/weights/weight_")), true);
  await Deno.remove(out, { recursive: true });
});

Deno.test("report trains a program with the optimizer that is asked for", async () => {
  const { code, stdout } = await runCommand([
    "report",
    programPath("cnn.pt2"),
    "--batch",
    programPath("cnn.npz"),
    ...CLASSES,
    "--optimizer",
    "AdamW(lr=3e-3)",
    "--quiet",
  ]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "of AdamW at a rate of 0.003");
});

Deno.test("report trains a program on mixed labels, with a decay in the gradient", async () => {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  const rows = [[0.7, 0.3, 0, 0, 0], [0, 0.5, 0, 0.5, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0.1, 0.9]];
  const values = Array.from({ length: 4 * 3 * 16 * 16 }, (_, i) => Math.sin(i * i));
  await Deno.writeTextFile(
    path,
    JSON.stringify({ inputs: { shape: [4, 3, 16, 16], values }, targets: rows }),
  );
  const optimizer = ["--optimizer", "SGD(lr=0.01, momentum=0.9, weight_decay=1e-2)"];
  const report = ["report", programPath("cnn.pt2"), "--batch", path, ...CLASSES, ...optimizer];
  const { stdout } = await runCommand([...report, "--quiet"]);
  assertStringIncludes(stdout, "SGD with momentum 0.9 at a rate of 0.01, weight_decay 0.01\n");
  assertStringIncludes(stdout, "cross_entropy");
  assertStringIncludes(stdout, "Trial passed");
  const other = JSON.stringify({
    inputs: { shape: [4, 3, 16, 16], values },
    targets: rows.map((row) => row.slice(1)),
  });
  await Deno.writeTextFile(path, other);
  const refused = await runCommand([...report, "--quiet"]);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, "targets has shape [4, 4], expected [any, 1]");
  await Deno.remove(path);
});

Deno.test("a kernel far too large is a warning beside biases as PyTorch draws them, though few steps fit the batch", async () => {
  await using _engine = await startEngine();
  const found = async (factor: number) => {
    const { model } = await loadModel(programPath("mlp.pt2"));
    const objective = "cross_entropy";
    const batch = await readBatch(programPath("mlp.npz"), model, { objective });
    rescaleWeights(model, factor, { layers: ["hidden"] });
    const { diagnosis } = await examine(model, batch, { objective });
    model.dispose();
    return [diagnosis.verdict, ...diagnosis.causes.map(({ kind }) => kind)];
  };
  assertEquals(await found(1), ["healthy"]);
  assertEquals(await found(94), ["weak", "kernel-scale"]);
});
