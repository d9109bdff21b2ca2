import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { largestDifference } from "../core/measure/largest_difference.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";
import { withModel } from "./with_model.ts";

const NORMALIZED = `export const createModel = ({ tf }) => tf.sequential({
  layers: [
    tf.layers.dense({ units: 4, inputShape: [3] }),
    tf.layers.batchNormalization({ name: "normalization" }),
  ],
});
`;

Deno.test("--micro-batch changes no figure of a report, and is said in it", () =>
  withModel(async (folder) => {
    const report = (...more: string[]) =>
      runCommand(["report", `${folder}/model.json`, "--trial", "off", "--quiet", ...more]);
    const [whole, auto, parts] = await Promise.all([
      report("--format", "json"),
      report("--format", "json", "--micro-batch", "auto"),
      report("--format", "json", "--micro-batch", "5"),
    ]);
    assertEquals(auto.stdout, whole.stdout);
    const [{ batch, layers, objective }, other] = [whole, parts].map(({ stdout }) =>
      JSON.parse(stdout)
    );
    assertEquals([batch.examples, batch.microBatch, other.batch.microBatch], [32, undefined, 5]);
    const { by, at } = largestDifference({ layers, objective }, {
      layers: other.layers,
      objective: other.objective,
    });
    assert(by < 1e-6, `${by} ${at}`);
    const text = await report("--micro-batch", "5");
    assertMatch(text.stdout, /Batch +32 examples \(seed 0\), 5 at a time;/);
  }));

Deno.test("--micro-batch names the layers whose figures it changes", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/net.ts`;
    await Deno.writeTextFile(file, NORMALIZED);
    const args = [file, "--trial", "off", "--micro-batch", "8"];
    const report = await runCommand(["report", ...args]);
    assertStringIncludes(
      report.stdout.replaceAll(/\s+/g, " "),
      "8 at a time (1 layer saw only those: normalization; other figures follow from it)",
    );
    const check = await runCommand(["check", ...args, "--no-config", "--format", "json"]);
    assertEquals(check.stderr.includes("error:"), false, check.stderr);
    const sweep = await runCommand([
      "sweep",
      file,
      "--scale",
      "1",
      "--seeds",
      "1",
      "--micro-batch",
      "8",
      "--quiet",
    ]);
    assertEquals(sweep.code, 0, sweep.stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("--micro-batch takes auto or a number of examples", async () => {
  for (const value of ["0", "all", "1.5"]) {
    await assertRefuses(["report", "--micro-batch", value], ["--micro-batch", value, "auto"]);
  }
});

Deno.test("report refuses a model whose pass over one example cannot fit, before it reads weights", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const config = {
      filters: 64,
      kernel_size: 3,
      batch_input_shape: [null, 3500, 3500, 3],
      name: "c",
    };
    const weights = [
      { name: "c/kernel", shape: [3, 3, 3, 64], dtype: "float32" },
      { name: "c/bias", shape: [64], dtype: "float32" },
    ];
    await Deno.writeFile(`${folder}/weights.bin`, new Uint8Array(4 * (27 * 64 + 64)));
    await Deno.writeTextFile(
      `${folder}/model.json`,
      JSON.stringify({
        modelTopology: {
          class_name: "Sequential",
          config: { name: "wide", layers: [{ class_name: "Conv2D", config }] },
        },
        weightsManifest: [{ paths: ["weights.bin"], weights }],
      }),
    );
    await assertRefuses(["report", `${folder}/model.json`], [
      "model.json: batch.inputs",
      "batch.inputs has the shapes [1, 3500, 3500, 3]",
      "expected less than the 4 GiB of the WASM heap",
      "use a smaller input",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
