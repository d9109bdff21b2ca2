import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";

/** What a cumulative sum or product is told. */
interface Cumulation {
  shape: number[];
  axis: number;
  exclusive: boolean;
  reverse: boolean;
}

/** A small shape, any of its axes, and every option. */
const cumulation = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      axis: fc.integer({ min: -shape.length, max: shape.length - 1 }),
      exclusive: fc.boolean(),
      reverse: fc.boolean(),
    })
  );

/** For each entry, what the entries up to it along the axis come to. */
function reference(
  x: ArrayLike<number>,
  { shape, axis, exclusive, reverse }: Cumulation,
  empty: number,
  add: (before: number, entry: number) => number,
): number[] {
  const at = axis < 0 ? axis + shape.length : axis;
  const stride = shape.slice(at + 1).reduce((a, b) => a * b, 1);
  return Array.from({ length: x.length }, (_, i) => {
    const place = Math.floor(i / stride) % shape[at];
    let total = empty;
    for (let other = 0; other < shape[at]; other++) {
      const before = reverse ? other > place : other < place;
      if (before || (other === place && !exclusive)) {
        total = add(total, x[i + (other - place) * stride]);
      }
    }
    return total;
  });
}

const sumOf = (x: ArrayLike<number>, cumulation: Cumulation) =>
  reference(x, cumulation, 0, (sum, entry) => sum + entry);

const productOf = (x: ArrayLike<number>, cumulation: Cumulation) =>
  reference(x, cumulation, 1, (product, entry) => product * entry);

Deno.test("Cumsum of 2^20 entries is as exact as float32 is", async () => {
  await onBackend("this engine", (tf) => {
    const count = 1 << 20;
    for (const reverse of [false, true]) {
      const sums = tf.tidy(() => tf.cumsum(tf.fill([count], 0.1), 0, false, reverse).dataSync());
      const worst = Math.max(...[count >> 1, 0, count - 1].map((i) => {
        const expected = Math.fround(0.1) * (reverse ? count - i : i + 1);
        return Math.abs(sums[i] / expected - 1);
      }));
      assert(worst < 1e-7, `off by ${worst}`);
    }
  });
});

Deno.test("Cumsum and its gradient are right along any axis, with every option", async () => {
  await onBackend("this engine", (tf) => {
    fc.assert(
      fc.property(cumulation, (options) => {
        const { shape, axis, exclusive, reverse } = options;
        const size = shape.reduce((a, b) => a * b, 1);
        const draw = (seed: number) =>
          Float32Array.from({ length: size }, (_, i) => Math.sin(seed * (i + 1)));
        const values = draw(1), dys = draw(2);
        tf.tidy(() => {
          const f = (x: Tensor) => tf.cumsum(x, axis, exclusive, reverse);
          const { value, grad } = tf.valueAndGrad(f)(
            tf.tensor(values, shape),
            tf.tensor(dys, shape),
          );
          assertEquals(grad.shape, shape);
          const sums = value.dataSync();
          const slopes = grad.dataSync();
          sumOf(values, options).forEach((sum, i) => assertAlmostEquals(sums[i], sum, 1e-6));
          sumOf(dys, { ...options, reverse: !reverse }).forEach((slope, i) =>
            assertAlmostEquals(slopes[i], slope, 1e-6)
          );
        });
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

Deno.test("Cumsum of whole numbers is exact", async () => {
  await onBackend("this engine", (tf) => {
    const sums = tf.tidy(() => tf.cumsum(tf.tensor1d([2 ** 24, 1, 1], "int32"), -1));
    assertEquals([sums.dtype, [...sums.dataSync()]], ["int32", [
      2 ** 24,
      2 ** 24 + 1,
      2 ** 24 + 2,
    ]]);
    sums.dispose();
  });
});

Deno.test("Cumprod is right along any axis, with every option", async () => {
  await onBackend("this engine", (tf) => {
    fc.assert(
      fc.property(cumulation, (options) => {
        const { shape, axis, exclusive, reverse } = options;
        const x = Float32Array.from(
          { length: shape.reduce((a, b) => a * b) },
          (_, i) => 2 * Math.sin(i + 1),
        );
        const products = tf.tidy(() =>
          tf.cumprod(tf.tensor(x, shape), axis, exclusive, reverse).dataSync()
        );
        productOf(x, options).forEach((product, i) =>
          assertAlmostEquals(products[i], product, 1e-6)
        );
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

Deno.test("Cumprod of whole numbers is exact, and leaves other tensors alone", async () => {
  await onBackend("this engine", (tf) => {
    tf.tidy(() => {
      const before = tf.range(0, 1000), x = tf.tensor2d([[1, 2, 3], [4, 5, 6]], [2, 3], "int32");
      const products = tf.cumprod(x, -1), after = tf.range(0, 1000);
      assertEquals([...products.dataSync()], [1, 2, 6, 4, 20, 120]);
      assertEquals(products.dtype, "int32");
      assertEquals(before.dataSync(), after.dataSync());
    });
  });
});
