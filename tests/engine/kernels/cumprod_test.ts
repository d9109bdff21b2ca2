import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { onBackend } from "../../conformance/backends.ts";
import { cumulation } from "./cumulation.ts";

Deno.test("Cumprod is right along any axis, with every option", async () => {
  await onBackend("this engine", (tf) => {
    fc.assert(
      fc.property(cumulation, ({ shape, axis, exclusive, reverse }) => {
        const along = axis < 0 ? axis + shape.length : axis;
        const stride = shape.slice(along + 1).reduce((a, b) => a * b, 1);
        const x = Float32Array.from(
          { length: shape.reduce((a, b) => a * b) },
          (_, i) => 2 * Math.sin(i + 1),
        );
        const products = tf.tidy(() =>
          tf.cumprod(tf.tensor(x, shape), axis, exclusive, reverse).dataSync()
        );
        x.forEach((_, i) => {
          const place = Math.floor(i / stride) % shape[along];
          let product = 1;
          for (let other = 0; other < shape[along]; other++) {
            const before = reverse ? other > place : other < place;
            if (before || (other === place && !exclusive)) {
              product *= x[i + (other - place) * stride];
            }
          }
          assertAlmostEquals(products[i], product, 1e-6);
        });
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
