import { assertEquals, assertStringIncludes } from "@std/assert";
import { examine } from "../../src/diagnosis/examine/examine.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { customLayer, sums } from "../networks/trained_models.ts";

Deno.test("cutGradient() is the only cause where a layer behind the head sends no gradient on", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const kernel = (seed: number) => ({
    kernelInitializer: tf.initializers.heNormal({ seed }),
  });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 16,
        activation: "relu",
        inputShape: [20],
        name: "first",
        ...kernel(1),
      }),
      tf.layers.dense({
        units: 1,
        name: "second",
        biasInitializer: tf.initializers.constant({ value: -50 }),
        ...kernel(2),
      }),
      customLayer(tf, "clip", (x) => tf.clipByValue(x, 0, 1)) as never,
    ],
  });
  const { diagnosis: { causes } } = await examine(model, sums(tf), {
    objective: "meanSquaredError",
  });
  const errors = causes.filter(({ severity }) => severity === "error");
  assertEquals(errors.map(({ kind, layers }) => [kind, ...layers]), [["cut-gradient", "clip"]]);
  assertStringIncludes(errors[0].message, "first, second before it get exactly 0");
});
