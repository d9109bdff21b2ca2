import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runCommand } from "./run_command.ts";

const MODEL = `
import * as tf from "@tensorflow/tfjs";
export function createModel({ seed }) {
  const dense = (units, std, more = {}) => tf.layers.dense({
    units,
    kernelInitializer: tf.initializers.randomNormal({ stddev: std, seed }),
    ...more,
  });
  return tf.sequential({
    layers: [dense(32, 0.18, { activation: "tanh", inputShape: [32] }), dense(1, 1e-9)],
  });
}
`;

Deno.test("--half says what fp16 does not hold, in report and in check, and is silent without", async () => {
  const folder = await Deno.makeTempDir({ dir: new URL(".", import.meta.url).pathname });
  try {
    const file = `${folder}/model.ts`;
    await Deno.writeTextFile(file, MODEL);
    const report = await runCommand(["report", file, "--half", "--details", "--trial", "off"]);
    assertEquals(report.code, 0, report.stderr);
    assertStringIncludes(report.stdout, "half-precision");
    assertMatch(report.stdout.replaceAll(/\s+/g, " "), /Use bf16: no scale of the loss/);
    const check = await runCommand(["check", file, "--half", "--seed", "0", "--trial", "off"]);
    assertStringIncludes(check.stdout, "halfUnder");
    assertEquals(check.code, 0, check.stdout);
    const without = await runCommand(["check", file, "--seed", "0", "--trial", "off"]);
    assert(!without.stdout.includes("halfUnder"), without.stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
