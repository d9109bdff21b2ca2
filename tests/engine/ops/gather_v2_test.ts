import { onBackend } from "../../conformance/backends.ts";
import { assert, assertEquals } from "@std/assert";
import type { Tensor1D } from "@tensorflow/tfjs";
import fc from "fast-check";

Deno.test("UnsortedSegmentSum of 2^20 rows in one segment is as exact as float32 is", async () => {
  await onBackend("this engine", (tf) => {
    const rows = 1 << 20;
    for (const width of [1, 4, 16]) {
      // Few segments, and so many that the rows of each are listed.
      for (const count of [2, rows]) {
        tf.tidy(() => {
          const x = tf.fill([rows, width], 0.1);
          const sums = tf.unsortedSegmentSum(x, tf.ones([rows], "int32") as Tensor1D, count);
          const expected = Math.fround(Math.fround(0.1) * rows);
          const found = sums.dataSync() as Float32Array;
          assert(found.subarray(width, 2 * width).every((sum) => sum === expected));
          assertEquals(found.reduce((a, b) => a + b, 0), expected * width);
        });
      }
    }
  });
});

Deno.test("UnsortedSegmentSum adds each row to its segment, at any width, and drops the rest", async () => {
  await onBackend("this engine", (tf) => {
    const cases = fc.record({
      segments: fc.array(fc.integer({ min: -1, max: 5 }), { minLength: 1, maxLength: 40 }),
      width: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(cases, ({ segments, width }) => {
        const x = Float32Array.from({ length: segments.length * width }, (_, i) => Math.sin(i + 1));
        const expected = new Float64Array(5 * width);
        segments.forEach((segment, row) => {
          if (segment < 0 || segment >= 5) return;
          for (let j = 0; j < width; j++) expected[segment * width + j] += x[row * width + j];
        });
        const found = tf.tidy(() =>
          tf.unsortedSegmentSum(
            tf.tensor(x, [segments.length, width]),
            tf.tensor1d(segments, "int32"),
            5,
          ).dataSync()
        );
        expected.forEach((sum, i) =>
          assert(Math.abs(found[i] - sum) <= 6e-8 * (1 + Math.abs(sum)))
        );
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
