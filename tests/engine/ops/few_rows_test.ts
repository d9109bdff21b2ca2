import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";

Deno.test("a row of a product has the same bits beside few others and beside many", async () => {
  for (const relaxedSimd of [true, false]) {
    await onBackend("this engine", (tf) => {
      const cases = fc.record({
        k: fc.constantFrom(1, 7, 8, 9, 255, 256, 300, 700, 9000),
        n: fc.constantFrom(2, 3, 8, 13, 64, 511, 513),
        few: fc.integer({ min: 1, max: 9 }),
        transposeA: fc.boolean(),
        activation: fc.constantFrom("relu" as const, "linear" as const),
        useBias: fc.boolean(),
      });
      fc.assert(
        fc.property(cases, ({ k, n, few, transposeA, activation, useBias }) => {
          tf.tidy(() => {
            const a = tf.randomNormal([19, k], 0, 1, "float32", 1) as Tensor;
            const b = tf.randomNormal([k, n], 0, 1, "float32", 2) as Tensor;
            const bias = useBias ? tf.randomNormal([n], 0, 1, "float32", 3) : undefined;
            const product = (a: Tensor) => {
              const left = transposeA ? tf.transpose(a) : a;
              return (tf.fused.matMul(
                { a: left as never, b: b as never, transposeA, bias, activation },
              ) as Tensor).dataSync();
            };
            const all = product(a), some = product(tf.slice(a, [5, 0], [few, k]));
            assertEquals(some, all.slice(5 * n, (5 + few) * n));
          });
        }),
        { seed: 1, numRuns: 60 },
      );
    }, { relaxedSimd });
  }
});

Deno.test("a product of few rows is right", async () => {
  await onBackend("this engine", (tf) => {
    tf.tidy(() => {
      const m = 3;
      const k = 260;
      const n = 515;
      const a = tf.randomNormal([m, k], 0, 1, "float32", 1), av = a.dataSync();
      const b = tf.randomNormal([k, n], 0, 1, "float32", 2), bv = b.dataSync();
      const c = tf.matMul(a, b).dataSync();
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let q = 0; q < k; q++) sum += av[i * k + q] * bv[q * n + j];
          assert(Math.abs(c[i * n + j] - sum) < 1e-4, `(${i}, ${j})`);
        }
      }
    });
  });
});
