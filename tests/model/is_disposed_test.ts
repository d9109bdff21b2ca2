import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { isDisposed } from "../../src/model/is_disposed.ts";

Deno.test("isDisposed() knows a model that was disposed of from one that lives, its weights read or not", async () => {
  await using engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const make = () => tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  const used = make();
  const unused = make();
  const gone = make();
  used.getWeights()[0].dataSync();
  gone.dispose();
  assertEquals([used, unused, gone].map(isDisposed), [false, false, true]);
  used.dispose();
  unused.dispose();
});

Deno.test("isDisposed() knows a model whose weights alone were disposed of", async () => {
  await using engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  assertEquals(isDisposed(model), false);
  tf.disposeVariables();
  assertEquals(isDisposed(model), true);
});

Deno.test("isDisposed() takes a model for alive that outlives its engine", async () => {
  const engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  await engine[Symbol.asyncDispose]();
  assertEquals(isDisposed(model), false);
});
