import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseReport } from "../src/entry/render.ts";
import { runCommand } from "./cli/run_command.ts";

/**
 * Folders of convnets that others trained in Keras and published as TensorFlow.js models (MIT). Their
 * packages ask for an older TensorFlow.js, so they are fetched in a project of their own. Their code
 * does not run in Deno, and is not needed: asking for it makes Deno fetch the package.
 */
async function fetchModels(): Promise<string[]> {
  const project = await Deno.makeTempDir();
  const script = `
    for (const name of ["default-model", "esrgan-slim"]) {
      const specifier = "npm:@upscalerjs/" + name + "@1.0.0";
      await import(specifier).catch(() => {});
      console.log(import.meta.resolve(specifier));
    }`;
  await Deno.writeTextFile(join(project, "deno.json"), '{ "nodeModulesDir": "none" }');
  await Deno.writeTextFile(join(project, "fetch.ts"), script);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-lock", "fetch.ts"],
    cwd: project,
  }).output();
  await Deno.remove(project, { recursive: true });
  const files = new TextDecoder().decode(stdout).trim().split("\n");
  assertEquals(files.length, 2, new TextDecoder().decode(stderr));
  const [standard, slim] = files.map((url) => fileURLToPath(url).split("/dist/")[0]);
  return [
    join(standard, "models/model.json"),
    ...["x2", "x3", "x4"].map((scale) => join(slim, "models", scale, "model.json")),
  ];
}

const MODELS = await fetchModels();

/** Writes a batch of one picture of this width and height. */
function writeBatch(path: string, size: number): Promise<void> {
  const values = Array.from({ length: size * size * 3 }, (_, i) => (i * 7919 % 255) / 255);
  return Deno.writeTextFile(
    path,
    JSON.stringify({ inputs: { shape: [1, size, size, 3], values } }),
  );
}

Deno.test("report measures real convnets on an input of 48x48", async () => {
  const batch = await Deno.makeTempFile({ suffix: ".json" });
  await writeBatch(batch, 48);
  for (const model of MODELS) {
    const { code, stdout, stderr } = await runCommand(
      ["report", model, "--batch", batch, "--format", "json", "--quiet", "--trial", "off"],
    );
    assertEquals(code, 0, stderr);
    const { measurements } = parseReport(stdout);
    const convolutions = measurements.layers.filter(({ className }) => className === "Conv2D");
    assert(convolutions.length > 10);
    for (const { name, weights, activations, preActivationGradients } of convolutions) {
      assert(weights[0].gradients!.rms > 0, name);
      assert(activations!.rms > 0 && preActivationGradients!.rms > 0, name);
      assertEquals(weights[0].gradients!.nonFinite, 0, name);
    }
  }
  await Deno.remove(batch);
});

Deno.test("report names a custom layer class, and measures it once a file registers it", async () => {
  const folder = await Deno.makeTempDir();
  const [source] = MODELS;
  await Deno.copyFile(
    join(dirname(source), "group1-shard1of1.bin"),
    join(folder, "group1-shard1of1.bin"),
  );
  // The class that some versions of these models scale their residuals with.
  const topology = (await Deno.readTextFile(source)).replace(
    '{"class_name": "Add", "config": {"name": "LRL_1"',
    '{"class_name": "MultiplyBeta", "config": {"name": "LRL_1"',
  );
  assertStringIncludes(topology, "MultiplyBeta");
  await Deno.writeTextFile(join(folder, "model.json"), topology);
  await Deno.writeTextFile(
    join(folder, "register.ts"),
    `export function register({ tf }) {
       class MultiplyBeta extends tf.layers.Layer {
         static className = "MultiplyBeta";
         computeOutputShape([shape]) { return shape; }
         call([a, b]) { return a.mul(0.2).add(b); }
       }
       tf.serialization.registerClass(MultiplyBeta);
     }`,
  );
  const batch = join(folder, "batch.json");
  // Small, since this model has a trial too.
  await writeBatch(batch, 16);
  const args = ["report", join(folder, "model.json"), "--batch", batch, "--quiet"];
  const refused = await runCommand(args);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, "MultiplyBeta");
  assertStringIncludes(refused.stderr, "--register");
  const measured = await runCommand([...args, "--register", join(folder, "register.ts")]);
  assertEquals(measured.code, 0, measured.stderr);
  assertStringIncludes(measured.stdout, "LRL_1");
  assertStringIncludes(measured.stdout, "Trial ");
  await Deno.remove(folder, { recursive: true });
});
