import { assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";

/** Bits of what is packed as a whole, and whose shares would not be; and of softmax. */
function compute(tf: TensorFlow): number[][] {
  const normal = (shape: number[], seed: number) =>
    tf.randomNormal(shape, 0, 1, "float32", seed) as Tensor;
  const run = (name: string, inputs: Record<string, Tensor>, attributes: object = {}) =>
    tf.engine().runKernel(name, inputs, attributes as never) as Tensor;
  return tf.tidy(() => {
    const inputGradient = (size: number, channels: number, filters: number) =>
      run("Conv2DBackpropInput", {
        dy: normal([1, 8, 9, filters], 3),
        filter: normal([size, size, channels, filters], 4),
      }, { strides: [1, 1], pad: "same", dataFormat: "NHWC", inputShape: [1, 8, 9, channels] });
    /** A convolution of 3 x 3 taps and its gradients, whose shares are rows of tiles and channels. */
    const inTiles = () => {
      const shape = [3, 15, 14, 48];
      const x = normal(shape, 7), dy = normal(shape, 8), filter = normal([3, 3, 48, 48], 9);
      const attributes = {
        strides: [1, 1],
        pad: "same",
        dataFormat: "NHWC",
        filterShape: filter.shape,
        inputShape: shape,
      };
      return [
        run("Conv2D", { x, filter }, attributes),
        run("Conv2DBackpropInput", { dy, filter }, attributes),
        run("Conv2DBackpropFilter", { x, dy }, attributes),
      ];
    };
    const logits = normal([29, 777], 5);
    const results = [
      // Shared by rows, fewer than are packed.
      tf.matMul(normal([70, 300], 1), normal([33, 300], 2), false, true),
      tf.matMul(normal([43, 900], 1), normal([19, 900], 2), false, true),
      inputGradient(1, 70, 110),
      inputGradient(3, 40, 70),
      ...inTiles(),
      tf.softmax(logits),
      run("SoftmaxGrad", { dy: logits, y: normal([29, 777], 6) }),
    ];
    return results.map((tensor) => [...new Int32Array(tensor.dataSync().slice().buffer)]);
  });
}

Deno.test("what is packed follows the whole product, never the share of a thread", async () => {
  const results: number[][][] = [];
  for (const threads of [1, 2, 3]) {
    await using engine = await startEngine({ threads });
    results.push(compute(engine.tf));
  }
  assertEquals(results[1], results[0]);
  assertEquals(results[2], results[0]);
});
