import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseReport } from "../../src/entry/render.ts";
import { fixture } from "../torch/fixture.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

const MODULE = `
export const createModel = ({ tf }) =>
  tf.sequential({
    layers: [
      tf.layers.dense({ units: 32, activation: "tanh", inputShape: [64] }),
      tf.layers.dense({ units: 32, activation: "tanh" }),
      tf.layers.dense({ units: 10 }),
    ],
  });
`;

async function withModule(run: (path: string, folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/net.js`, MODULE);
  await run(`${folder}/net.js`, folder);
  await Deno.remove(folder, { recursive: true });
}

Deno.test("report, check and sweep put the weights of --weights into a module's model", async () => {
  await withModule(async (path) => {
    const weights = ["--weights", fixture("mlp.pt"), "--quiet"];
    const { stdout } = await runCommand(["report", path, ...weights, "--format", "json"]);
    const { measurements } = parseReport(stdout);
    const { std } = measurements.layers[0].weights[0].values;
    assert(Math.abs(std - 0.0726) < 0.0005, `${std}`);
    assertEquals(measurements.weightsOnly, undefined);
    const check = await runCommand(["check", path, ...weights, "--no-config"]);
    assertEquals([check.code, check.stderr], [0, ""]);
    const one = (seeds: string) =>
      runCommand(["sweep", path, ...weights, "--seeds", seeds, "--scale", "1", "--format", "csv"]);
    const zero = await one("1");
    const both = await one("0..1");
    assertEquals([zero.code, both.code], [0, 0], both.stderr);
    const rows = (text: string) => text.trim().split("\n").slice(1);
    assertEquals([rows(zero.stdout).length, rows(both.stdout).length], [3, 6]);
  });
});

Deno.test("--weights of another network is refused, with both sides", async () => {
  await withModule(async (path, folder) => {
    const other = fixture("digits.safetensors");
    await assertRefuses(
      ["report", path, "--weights", other],
      [other, "The file has 5 layers with weights, expected 3 as the model has"],
    );
    await assertRefuses(
      ["report", path, "--weights", path],
      "a model, expected a file of weights: .safetensors, .h5, .keras, or one of PyTorch",
    );
    await assertRefuses(["sweep", path, "--weights", other], [
      other,
      "expected 3 as the model has",
    ]);
    await assertRefuses(
      ["check", path, "--weights", `${folder}/none.pt`, "--no-config"],
      "no such file",
    );
    await assertRefuses(["sweep", "--weights", other], "--weights is for MODEL");
  });
});

Deno.test("a report is not written over the file of --weights", async () => {
  await withModule(async (path, folder) => {
    const own = `${folder}/own.pt`;
    await Deno.copyFile(fixture("mlp.pt"), own);
    const { code, stderr } = await runCommand(["report", path, "--weights", own, "--out", own]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "own.pt");
    assertEquals((await Deno.stat(own)).size, (await Deno.stat(fixture("mlp.pt"))).size);
  });
});
