import { startEngine } from "../../../src/engine/mod.ts";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

const gelu = (tf: TensorFlow, x: Tensor) =>
  tf.layers.activation({ activation: "gelu" as never }).apply(x) as Tensor;

Deno.test("gelu keeps its digits below 0, and has stock's while no engine runs", async () => {
  const engine = await startEngine();
  const { tf } = engine;
  const at = () => tf.tidy(() => gelu(tf, tf.tensor1d([-4])).dataSync()[0]);
  assertAlmostEquals(at(), -1.266849670e-4, 1e-10);
  await engine.stop();
  await tf.setBackend("cpu");
  assertAlmostEquals(at(), -1.266849670e-4, 1e-6);
});

Deno.test("a gated activation of whole numbers, and a swish of another slope, are TensorFlow.js's", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  tf.tidy(() => {
    const { SerializationMap } = tf.serialization;
    const [Swish] = SerializationMap.getMap().classNameMap.swish;
    const swish = new Swish({}) as unknown as { apply(x: Tensor, alpha?: number): Tensor };
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const x = tf.tensor1d([2]);
    assertAlmostEquals(swish.apply(x, 3).dataSync()[0], 2 * sigmoid(6), 1e-6);
    assertAlmostEquals(swish.apply(x).dataSync()[0], 2 * sigmoid(2), 1e-6);
    assertEquals(gelu(tf, tf.tensor1d([0], "int32")).dataSync()[0], 0);
  });
});
