import { assertEquals } from "@std/assert";
import { normalizing, unevenFeatures } from "../../src/diagnosis/causes/data.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Tensor } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/measure/measure.ts";

Deno.test("unevenFeatures() sees large columns of a table however many they are, and leaves pixels alone", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  /** Columns of which the first ones vary so many times as much as the others. */
  const uneven = async (count: number, large: number, factor: number) => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [count] })] });
    const scales = Array.from({ length: count }, (_, i) => i < large ? factor : 1);
    const inputs = tf.mul(tf.randomNormal([64, count], 0, 1, "float32", 1), tf.tensor1d(scales));
    const { batch } = await measure(model, { inputs });
    model.dispose();
    return unevenFeatures(batch.perInput[0], "feature")?.what ?? null;
  };
  assertEquals(await uneven(8, 1, 5), null);
  assertEquals(await uneven(8, 1, 1000), "feature");
  assertEquals(await uneven(8, 2, 1000), "feature");
  assertEquals(await uneven(8, 7, 1000), "feature");
  assertEquals(await uneven(8, 7, 20), null);
  assertEquals(await uneven(65, 30, 1000), null);
});

Deno.test("normalizing() scales each column of a table by itself, and bytes and series as a whole", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const eachOf = async (inputs: Tensor) => {
    const inputShape = inputs.shape.slice(1);
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape })] });
    const { batch } = await measure(model, { inputs }, { objective: "sum" });
    model.dispose();
    const fix = normalizing(batch.perInput[0], 0);
    return fix.kind === "normalize-input" ? fix.each?.what ?? "whole" : fix.kind;
  };
  const normal = (shape: number[]) => tf.randomNormal(shape, 0, 0.9, "float32", 1);
  assertEquals(await eachOf(normal([64, 4]).add([5, 5.4, 6.1, 7.4])), "feature");
  assertEquals(await eachOf(normal([64, 4]).mul([1, 1, 1, 5])), "feature");
  assertEquals(await eachOf(normal([64, 4]).add(0.5)), "whole");
  assertEquals(await eachOf(tf.randomUniform([64, 20], 0, 255, "float32", 2)), "whole");
  assertEquals(await eachOf(normal([64, 10, 4]).add([5, 5.4, 6.1, 7.4])), "whole");
});
