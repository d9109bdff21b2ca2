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

for (const isFrozen of [false, true]) {
  Deno.test(`cutGradient() ${isFrozen ? "does not mind" : "finds"} a cut before ${isFrozen ? "frozen" : "trained"} layers`, async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    const dense = (name: string, units: number, trainable = true) =>
      tf.layers.dense({
        name,
        units,
        trainable,
        kernelInitializer: tf.initializers.leCunNormal({ seed: units }),
      });
    const input = tf.input({ shape: [20] });
    const own = dense("own", 8).apply(input);
    const target = dense("target", 8, !isFrozen).apply(input);
    const cut = customLayer(tf, "cut", (x) => tf.round(tf.mul(x, 8))) as never as typeof tf.layers;
    const held = (cut as never as { apply(x: unknown): unknown }).apply(target);
    const sum = tf.layers.add().apply([own, held] as never);
    const model = tf.model({
      inputs: input,
      outputs: dense("head", 1).apply(sum as never) as never,
    });
    const { diagnosis: { causes } } = await examine(model, sums(tf), {
      objective: "meanSquaredError",
      trial: "off",
    });
    const errors = causes.filter(({ severity }) => severity === "error").map(({ kind }) => kind);
    assertEquals(errors, isFrozen ? [] : ["cut-gradient"]);
  });
}
