import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fixture } from "../torch/fixture.ts";
import { withGateFolder } from "./gate_folder.ts";
import { runCommand } from "./run_command.ts";

/** The network of mlp.pt; what a seed draws for it is far too large. */
const NET = `
export const createModel = ({ tf }) => {
  const kernelInitializer = tf.initializers.randomNormal({ stddev: 9 });
  const dense = (units, more) => tf.layers.dense({ units, kernelInitializer, ...more });
  return tf.sequential({
    layers: [
      dense(32, { activation: "tanh", inputShape: [64] }),
      dense(32, { activation: "tanh" }),
      dense(10),
    ],
  });
};
`;

/** Does something in a folder with the network and the weights of mlp.pt, under a configuration of one model. */
async function withWeights(weights: string, action: (folder: string) => Promise<void>) {
  const configuration = { models: [{ name: "net", path: "nets/net.js", weights }] };
  const files = { "nets/net.js": NET, "gradient-health.json": configuration };
  await withGateFolder([], files, async (folder) => {
    await Deno.mkdir(`${folder}/saved`);
    await Deno.copyFile(fixture("mlp.pt"), `${folder}/saved/mlp.pt`);
    await action(folder);
  });
}

Deno.test("check puts the weights that a configuration names into the model, from any folder", async () => {
  await withWeights("saved/mlp.pt", async (folder) => {
    const run = (...args: string[]) =>
      runCommand(["check", ...args, "--trial", "off", "--quiet"], { cwd: `${folder}/nets` });
    const [named, byPath, drawn] = await Promise.all([
      run(),
      run("net.js"),
      run("net.js", "--no-config"),
    ]);
    assertEquals([named.code, named.stderr], [0, ""], named.stdout);
    assertStringIncludes(named.stdout, "== net (net.js), seed 0\nHEALTHY");
    assertEquals([byPath.code, drawn.code], [0, 1], byPath.stdout + drawn.stdout);
  });
});

Deno.test("check takes --weights before the weights of a configuration", async () => {
  await withWeights("saved/none.pt", async (cwd) => {
    const missing = await runCommand(["check", "--quiet"], { cwd });
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.stderr, "saved/none.pt");
    assertStringIncludes(missing.stderr, "no such file");
    const given = await runCommand(
      ["check", "--weights", "saved/mlp.pt", "--trial", "off", "--quiet"],
      { cwd },
    );
    assertEquals([given.code, given.stderr], [0, ""]);
  });
});

Deno.test("check writes no result over the weights of a configuration, and refuses those that are no path", async () => {
  await withWeights("saved/mlp.pt", async (cwd) => {
    const { code, stderr } = await runCommand(
      ["check", "--reporter", "json=saved/mlp.pt", "--quiet"],
      { cwd },
    );
    assertEquals(code, 2);
    assertStringIncludes(stderr, "mlp.pt");
    assert((await Deno.stat(`${cwd}/saved/mlp.pt`)).size > 10_000);
    const models = [{ path: "nets/net.js", weights: ["saved/mlp.pt"] }];
    await Deno.writeTextFile(`${cwd}/gradient-health.json`, JSON.stringify({ models }));
    const wrong = await runCommand(["check"], { cwd });
    assertEquals([wrong.code, wrong.stderr.trimEnd().split("\n").length], [2, 1]);
    assertStringIncludes(wrong.stderr, "models[0].weights");
  });
});
