import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { cumulation } from "./cumulation.ts";

/** For each entry, the sum along the axis of the entries up to it. */
function reference(
  x: ArrayLike<number>,
  shape: readonly number[],
  { axis, exclusive, reverse }: { axis: number; exclusive: boolean; reverse: boolean },
): number[] {
  const at = axis < 0 ? axis + shape.length : axis;
  const stride = shape.slice(at + 1).reduce((a, b) => a * b, 1);
  return Array.from({ length: x.length }, (_, i) => {
    const place = Math.floor(i / stride) % shape[at];
    let sum = 0;
    for (let other = 0; other < shape[at]; other++) {
      const before = reverse ? other > place : other < place;
      if (before || (other === place && !exclusive)) sum += x[i + (other - place) * stride];
    }
    return sum;
  });
}

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
      fc.property(cumulation, ({ shape, ...options }) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const draw = (seed: number) =>
          Float32Array.from({ length: size }, (_, i) => Math.sin(seed * (i + 1)));
        const { axis, exclusive, reverse } = options;
        const values = draw(1), dys = draw(2);
        tf.tidy(() => {
          const f = (x: Tensor) => tf.cumsum(x, axis, exclusive, reverse);
          const { value, grad } = tf.valueAndGrad(f)(
            tf.tensor(values, shape),
            tf.tensor(dys, shape),
          );
          assertEquals(grad.shape, shape);
          const [sums, slopes] = [value.dataSync(), grad.dataSync()];
          reference(values, shape, options).forEach((sum, i) =>
            assertAlmostEquals(sums[i], sum, 1e-6)
          );
          reference(dys, shape, { ...options, reverse: !reverse }).forEach((slope, i) =>
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
