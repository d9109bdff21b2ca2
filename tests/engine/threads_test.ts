import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";

type Product = { m: number; k: number; n: number; left: boolean; right: boolean };

/** Shapes drawn from a fixed seed, some across the block sizes of the kernels. */
const products = fc.sample(
  fc.record({
    m: fc.integer({ min: 1, max: 130 }),
    k: fc.integer({ min: 1, max: 300 }),
    n: fc.integer({ min: 1, max: 130 }),
    left: fc.boolean(),
    right: fc.boolean(),
  }),
  { numRuns: 40, seed: 1 },
);

function compute(tf: TensorFlow): number[][] {
  const normal = (shape: number[], seed: number) =>
    tf.randomNormal(shape, 0, 1, "float32", seed) as Tensor;
  const bits = (tensor: Tensor) => [...new Int32Array(tensor.dataSync().slice().buffer)];
  const product = ({ m, k, n, left, right }: Product) =>
    tf.matMul(normal(left ? [k, m] : [m, k], 1), normal(right ? [n, k] : [k, n], 2), left, right);
  return tf.tidy(() => {
    const image = normal([3, 19, 17, 5], 3) as Parameters<TensorFlow["conv2d"]>[0];
    const filter = normal([3, 3, 5, 9], 4) as Parameters<TensorFlow["conv2d"]>[1];
    const results = [
      ...products.map(product),
      product({ m: 256, k: 512, n: 256, left: false, right: false }),
      tf.conv2d(image, filter, 2, "same") as Tensor,
      tf.depthwiseConv2d(image as never, normal([3, 3, 5, 2], 5) as never, 1, "valid") as Tensor,
      tf.avgPool(image as never, 3, 2, "same") as Tensor,
      normal([300, 77], 6).softmax(),
      normal([300, 77], 7).tanh().sum(0),
      ...[0, 1, 2, [0, 2], [1, 2], [0, 1, 2]].flatMap((axes) => {
        const x = normal([30, 1000, 20], 8);
        return [tf.sum(x, axes), tf.mean(x, axes)] as Tensor[];
      }),
    ];
    return results.map(bits);
  });
}

Deno.test("startEngine() gives the same bits whatever the number of threads", async () => {
  const results: number[][][] = [];
  for (const threads of [1, 2, 5]) {
    await using engine = await startEngine({ threads });
    results.push(compute(engine.tf));
  }
  assertEquals(results[1], results[0]);
  assertEquals(results[2], results[0]);
});
