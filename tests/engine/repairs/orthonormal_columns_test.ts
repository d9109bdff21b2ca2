import { startEngine } from "../../../src/engine/mod.ts";
import { orthonormalColumns } from "../../../src/engine/repairs/dense.ts";
import { processorSeconds } from "../../../src/probe/open_trial.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { Tensor2D } from "@tensorflow/tfjs";

/** Sizes on both sides of a panel of 32 columns, square ones, which are the worst conditioned, and single columns. */
const SHAPES: [number, number][] = [
  [1, 1],
  [5, 1],
  [3, 3],
  [32, 32],
  [40, 33],
  [64, 64],
  [150, 100],
];

Deno.test("orthonormalColumns() returns the Q of a QR decomposition whose R has a positive diagonal", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [rows, columns] of SHAPES) {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.randomNormal([rows, columns], 0, 1, "float32", 3) as Tensor2D;
      const q = orthonormalColumns(tf, x);
      assertEquals(q.shape, [rows, columns]);
      const product = tf.matMul(q, q, true).arraySync() as number[][];
      const r = tf.matMul(q, x, true).arraySync() as number[][];
      for (let i = 0; i < columns; i++) {
        for (let j = 0; j < columns; j++) {
          assertAlmostEquals(product[i][j], i === j ? 1 : 0, 2e-6);
          if (i > j) assertAlmostEquals(r[i][j], 0, 2e-5);
        }
        assert(r[i][i] > 0, `entry ${i} of the diagonal is ${r[i][i]}`);
      }
    });
    assertEquals(tf.memory().numTensors, before);
  }
});

Deno.test("an orthogonal initialiser draws from a seed, wide and tall kernels, times the gain", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const shape of [[2, 3, 4], [4, 9]]) {
    const kernels = [0, 0, 1].map((seed) =>
      tf.initializers.orthogonal({ gain: 3, seed }).apply(shape as [number, number])
    );
    const [first, again, other] = kernels.map((kernel) => [...kernel.dataSync()]);
    assertEquals(first, again);
    assert(first.some((value, i) => Math.abs(value - other[i]) > 0.1));
    const flat = tf.reshape(kernels[0], [-1, shape.at(-1)!]) as Tensor2D;
    const isTall = flat.shape[0] >= flat.shape[1];
    const product = tf.matMul(flat, flat, isTall, !isTall).arraySync() as number[][];
    product.forEach((row, i) =>
      row.forEach((value, j) => assertAlmostEquals(value, i === j ? 9 : 0, 1e-5))
    );
  }
});

Deno.test("an orthogonal kernel of an LSTM of 1024 units does not take half a minute", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const before = processorSeconds();
  const kernel = tf.initializers.orthogonal({}).apply([1024, 4096]);
  kernel.dataSync();
  // 1 s of processor time; TensorFlow.js's own QR takes 38 s.
  assert(processorSeconds() - before < 15);
  kernel.dispose();
});
