import { ModelError } from "../../../src/model/model_error.ts";
import { openZip } from "../../../src/model/files/unzip.ts";
import { runCommand } from "../../cli/run_command.ts";
import { programPath } from "./edited_program.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

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
