import { assertEquals, assertStringIncludes } from "@std/assert";
import { diagnose } from "../../src/diagnosis/diagnose.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { measure } from "../../src/measure/measure.ts";
import { runRules } from "../../src/rules/judge_rule.ts";
import { customLayer, sums } from "../networks/trained_models.ts";

Deno.test("diagnose() does not blame a kernel that is 4 times too small for a gradient of exactly 0", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const small = (name: string, units: number, bias: number) =>
    tf.layers.dense({
      name,
      units,
      inputShape: [20],
      activation: units > 1 ? "relu" : undefined,
      biasInitializer: tf.initializers.constant({ value: bias }),
      kernelInitializer: tf.initializers.randomNormal({
        stddev: Math.sqrt(2 / 20) / 4,
        seed: units,
      }),
    });
  const model = tf.sequential({
    layers: [
      small("first", 64, 0),
      small("second", 1, -50),
      // Sent a gradient of 0 itself, so that none is cut at it.
      customLayer(tf, "clip", (x) => tf.mul(tf.clipByValue(x, 0, 1), 0)) as never,
    ],
  });
  const measurements = await measure(model, sums(tf), { objective: "meanSquaredError" });
  const { causes } = diagnose(measurements, runRules(measurements));
  const errors = causes.filter(({ severity }) => severity === "error");
  assertEquals(errors.some(({ kind }) => kind === "kernel-scale"), false);
  const said = errors.flatMap(({ message, fixes: [fix] }) => [message, JSON.stringify(fix)]);
  assertStringIncludes(said.join(" "), "clip");
});
