import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";

const size = fc.integer({ min: 1, max: 3 });

/** Two batches that broadcast to each other: any axis may be 1 in one of them, or missing. */
const batches = fc.array(fc.record({ size, in: fc.constantFrom("both", "a", "b") }), {
  maxLength: 2,
}).chain((axes) =>
  fc.nat(axes.length).map((missing) => ({
    a: axes.map((axis) => axis.in === "b" ? 1 : axis.size),
    b: axes.map((axis) => axis.in === "a" ? 1 : axis.size).slice(missing),
  }))
);

Deno.test("matMul adds up the gradients of a matrix that serves a whole batch", async () => {
  await onBackend("this engine", (tf) =>
    fc.assert(
      fc.property(
        batches,
        fc.tuple(size, size, size),
        fc.boolean(),
        fc.boolean(),
        ({ a, b }, [m, k, n], left, right) => {
          tf.tidy(() => {
            const normal = (shape: number[], seed: number) =>
              tf.randomNormal(shape, 0, 1, "float32", seed) as Tensor;
            const x = normal([...a, ...left ? [k, m] : [m, k]], 1);
            const y = normal([...b, ...right ? [n, k] : [k, n]], 2);
            const product = (p: Tensor, q: Tensor) => tf.matMul(p, q, left, right);
            const weights = normal(product(x, y).shape, 3);
            const [dx, dy] = tf.grads((p, q) => tf.mul(product(p, q), weights))([x, y]);
            assertEquals([dx.shape, dy.shape], [x.shape, y.shape]);
            // The objective is linear in either: any step gives the slope.
            const along = (from: Tensor, gradient: Tensor, at: (p: Tensor) => Tensor) => {
              const step = normal(from.shape, 4);
              const change = tf.sum(tf.mul(tf.sub(at(tf.add(from, step)), at(from)), weights));
              const slope = tf.sum(tf.mul(gradient, step));
              const scale = 1 + tf.sum(tf.abs(tf.mul(at(step), weights))).dataSync()[0];
              return Math.abs(change.dataSync()[0] - slope.dataSync()[0]) / scale;
            };
            assert(along(x, dx, (p) => product(p, y)) < 1e-5, "in a");
            assert(along(y, dy, (q) => product(x, q)) < 1e-5, "in b");
          });
        },
      ),
      { seed: 1, numRuns: 150 },
    ));
});

Deno.test("matMul has no such gradient without the repair", async () => {
  await onBackend("stock WASM", (tf) => {
    const y = tf.ones([3, 2, 2]);
    assertThrows(() => tf.grad((x) => tf.matMul(x, y))(tf.ones([1, 2, 2])), Error);
  });
});
