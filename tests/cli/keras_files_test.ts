import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseReport } from "../../src/entry/render.ts";
import { bytesOf, figuresOf, FOLDER, withFile } from "../keras/files/fixtures.ts";
import { packKeras, unpackKeras } from "../keras/files/pack_keras.ts";
import { writeZip } from "../files/write_zip.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

const pathOf = (name: string) => new URL(name, FOLDER).pathname;

Deno.test("report measures a .keras, with its loss and without any other file", async () => {
  const { inputs: [inputs], targets: [targets], gradients } = figuresOf("conv2d");
  const batch = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(batch, JSON.stringify({ inputs, targets }));
  const { code, stdout, stderr } = await runCommand(
    ["report", pathOf("conv2d.keras"), "--batch", batch, "--format", "json", "--quiet"],
  );
  assertEquals([code, stderr], [0, ""]);
  const { measurements } = parseReport(stdout);
  assertEquals(measurements.objective.name, "meanSquaredError");
  const weights = measurements.layers.flatMap((layer) => layer.weights);
  for (const [path, rms] of Object.entries(gradients)) {
    const found = weights.find(({ name }) => name === path)!.gradients!.rms;
    assert(Math.abs(found - rms) <= 1e-4 * Math.max(rms, 1e-2), `${path}: ${found}, ${rms}`);
  }
  await Deno.remove(batch);
});

Deno.test("an .h5 without a model says how to judge its weights alone", async () => {
  await withFile("arrays.h5", bytesOf("dense.weights.h5.gz"), async (path) => {
    const { code, stderr } = await runCommand(["report", path]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "--weights-only, to judge the weights alone");
  });
});

Deno.test("check, sweep and fix take a .keras and a .h5", async () => {
  await withFile("nested.h5", bytesOf("nested_keras2.h5.gz"), async (path) => {
    const check = await runCommand(["check", path, "--no-config", "--quiet"]);
    assertEquals([check.code, check.stderr], [0, ""]);
    // Random targets are not learned in 120 steps of the substituted optimizer.
    assertStringIncludes(check.stdout, "WEAK: 1 warning, optimizer not judged");
    const sweep = await runCommand(["sweep", path, "--scale", "0.5,1", "--format", "csv"]);
    assertEquals(sweep.code, 0, sweep.stderr);
    const scales = sweep.stdout.trim().split("\n").slice(1).map((row) => row.split(",")[6]);
    assertEquals(new Set(scales), new Set(["0.5", "1"]));
  });
  const fix = await runCommand(["fix", pathOf("dense.keras")]);
  assertStringIncludes(fix.stdout, "WEAK: 1 warning: no error to fix, nothing written");
});

Deno.test("sweep draws the layers of a topology anew for every seed", async () => {
  const path = pathOf("dense.topology.json");
  const { code, stdout, stderr } = await runCommand(
    ["sweep", path, "--scale", "1", "--seeds", "2", "--format", "csv"],
  );
  assertEquals(code, 0, stderr);
  const objectives = stdout.trim().split("\n").slice(1).map((row) => row.split(",")[7]);
  assertEquals(new Set(objectives).size, 2, stdout);
});

/** A `.keras` whose configuration was changed. */
async function edited(edit: (config: string) => string, andThen: (path: string) => Promise<void>) {
  const { config, weights } = unpackKeras(bytesOf("dense.keras"));
  const changed = JSON.parse(edit(JSON.stringify(config)));
  await withFile("model.keras", packKeras({ config: changed, weights }), andThen);
}

Deno.test("report names a layer that TensorFlow.js lacks, and how to bring it", async () => {
  await edited(
    (config) => config.replace('"class_name":"Dropout"', '"class_name":"Discard"'),
    (path) =>
      assertRefuses(["report", path], [
        `${path}: config.json.config.layers[2].class_name is "Discard", a class that TensorFlow.js ` +
        "does not have",
        "--register FILE",
      ]),
  );
});

Deno.test("report refuses a .keras without one of its files, or cut off", async () => {
  const bytes = bytesOf("dense.keras");
  const { weights } = unpackKeras(bytes);
  const archive = (name: string, content: Uint8Array) => writeZip([{ name, content }]);
  const cases: [Uint8Array, string][] = [
    [archive("model.weights.h5", weights), "The archive has no config.json"],
    [archive("config.json", new TextEncoder().encode("{}")), "The archive has no model.weights.h5"],
    [archive("config.json", new TextEncoder().encode("{")), "config.json is not valid JSON"],
    [archive("config.json", new TextEncoder().encode("[]")), "config.json is not an object"],
    [bytes.subarray(0, bytes.length / 2), "not a whole zip archive"],
    [new Uint8Array(), "has another format, expected HDF5 or zip"],
  ];
  for (const [content, message] of cases) {
    await withFile("model.keras", content, (path) => assertRefuses(["report", path], message));
  }
  await assertRefuses(["report", "no.keras"], "no.keras: there is no such file");
});

Deno.test("report judges weights without layers alone", async () => {
  await withFile("a.weights.h5", bytesOf("dense.weights.h5.gz"), async (path) => {
    const { code, stdout } = await runCommand(["report", path, "--quiet", "--format", "json"]);
    assertEquals(code, 0);
    const { measurements: { weightsOnly, layers } } = parseReport(stdout);
    assertEquals(weightsOnly, { format: "Keras", notes: [] });
    assertEquals(layers.map(({ className }) => className), ["Dense", "Dense", "Dense"]);
  });
});

Deno.test("--weights-only judges the weights of a model, and refuses what has none", async () => {
  const { code, stdout } = await runCommand([
    "report",
    pathOf("conv2d.keras"),
    "--weights-only",
    "--quiet",
  ]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "No finding (weights only, 6 of 22 rules)\n");
  assertStringIncludes(stdout, "Conv2D");
  const refusal = "--weights-only is given with";
  await assertRefuses(["report", "--weights-only"], ["--weights-only is given without MODEL"]);
  await assertRefuses(["report", "examples/digits.ts", "--weights-only"], [
    `${refusal} MODEL examples/digits.ts, a module`,
  ]);
  const flags = [["--rates"], ["--batch", "b.json"]];
  for (const flag of flags) {
    await assertRefuses(["report", pathOf("conv2d.keras"), "--weights-only", ...flag], [flag[0]]);
  }
});

Deno.test("report refuses a layer that asks for more than the weights of the file", async () => {
  await edited(
    (config) => config.replace('"units":5', '"units":5000000'),
    (path) =>
      assertRefuses(["report", path], [
        "asks for a weight",
        "expected no more than the",
        "of all weights in the file",
      ]),
  );
});

Deno.test("report reads a .keras with no permission but to read it", async () => {
  const { code, stderr } = await runCommand(["report", pathOf("dense.keras"), "--quiet"], {
    permissions: ["--allow-read"],
  });
  assertEquals([code, stderr], [0, ""]);
});
