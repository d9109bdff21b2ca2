import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { startEngine } from "../../src/engine/mod.ts";
import { heapOf } from "../../src/engine/start/prepare_engine.ts";
import { sumEntries, sumTensor } from "../../src/measure/sums.ts";

const engine = await startEngine();
const { tf } = engine;
const heap = heapOf(engine);

/** The sums of the same entries on the WASM heap (our SIMD code) and in an array (the plain loop). */
function bothSums(values: Float32Array) {
  const tensor = tf.tensor1d(values);
  const native = sumTensor(heap, tensor);
  tensor.dispose();
  return { native, plain: sumEntries(values) };
}

const entry = fc.oneof(
  { weight: 20, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1e-45, -3e38) },
);

Deno.test("the SIMD sweep sums up what the plain loop does", () => {
  fc.assert(fc.property(fc.array(entry, { maxLength: 40 }), (list) => {
    const { native, plain } = bothSums(Float32Array.from(list));
    for (const exact of ["count", "finite", "zeros", "maxAbs"] as const) {
      assertEquals(native[exact], plain[exact], exact);
    }
    const scale = plain.maxAbs * plain.count;
    assertAlmostEquals(native.sumAbs, plain.sumAbs, 1e-13 * scale);
    assertAlmostEquals(native.mean, plain.mean, 1e-13 * scale);
    assertAlmostEquals(native.sumSquares, plain.sumSquares, 1e-13 * scale * plain.maxAbs);
    assertAlmostEquals(
      native.squaredDeviations,
      plain.squaredDeviations,
      1e-11 * scale * plain.maxAbs,
    );
  }));
});

Deno.test("the SIMD sweep loses nothing of a block in which one entry is not finite", () => {
  for (const count of [1024, 5000, 9001]) {
    for (const bad of [0, 1023, 1024, 4095, count - 1].filter((index) => index < count)) {
      const values = Float32Array.from({ length: count }, (_, i) => i % 7 - 3);
      values[bad] = NaN;
      const { native, plain } = bothSums(values);
      const where = `of ${count} with NaN at ${bad}`;
      for (const key of ["count", "finite", "zeros", "maxAbs"] as const) {
        assertEquals(native[key], plain[key], `${key} ${where}`);
      }
      for (const key of ["sumAbs", "sumSquares"] as const) {
        assertAlmostEquals(native[key] / plain[key], 1, 1e-13, `${key} ${where}`);
      }
    }
  }
});

Deno.test("the SIMD sweep keeps the deviation of entries that are far from 0", () => {
  for (const offset of [1, 1e3, 1e6]) {
    const values = Float32Array.from({ length: 5003 }, (_, i) => offset + (i % 5) / 8);
    const { native, plain } = bothSums(values);
    assertAlmostEquals(
      native.squaredDeviations / plain.squaredDeviations,
      1,
      1e-9,
      `entries around ${offset}`,
    );
  }
});
