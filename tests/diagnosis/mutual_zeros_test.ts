import { assertEquals, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { examine } from "../../src/diagnosis/examine/examine.ts";

Deno.test("mutualZeros() names tables of zeros whose rows are flattened and multiplied, and their fix works", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const rows = (inputDim: number) => {
    const input = tf.input({ shape: [1], dtype: "int32" });
    const embedding = tf.layers.embedding({
      inputDim,
      outputDim: 8,
      embeddingsInitializer: "zeros",
      name: `table_${inputDim}`,
    });
    return { input, row: tf.layers.flatten().apply(embedding.apply(input)) as typeof input };
  };
  const users = rows(30);
  const items = rows(20);
  const model = tf.model({
    inputs: [users.input, items.input],
    outputs: tf.layers.dot({ axes: 1 }).apply([users.row, items.row]) as typeof users.input,
  });
  const indices = (count: number) =>
    tf.tensor2d(Array.from({ length: 32 }, (_, i) => [7 * i % count]), [32, 1], "int32");
  const batch = {
    inputs: [indices(30), indices(20)],
    targets: tf.randomNormal([32, 1], 0, 1, "float32", 1),
  };
  const { diagnosis: { causes }, fixedTrial } = await examine(model, batch as never, {
    objective: "meanSquaredError",
  });
  const [{ kind, layers, message, tried }] = causes;
  assertEquals([kind, layers.toSorted()], ["mutual-zeros", ["table_20", "table_30"]]);
  assertStringIncludes(message, "each keeps the gradient from the other");
  assertEquals(tried?.worked, true);
  assertEquals(fixedTrial !== null && "verdict" in fixedTrial && fixedTrial.verdict, "learns");
});
