import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Sums } from "../../src/engine/native/sums.ts";
import { mergeSums, statisticsOf, sumEntries } from "../../src/measure/sums.ts";

function statistics(...tensors: number[][]) {
  const sums = tensors.map((values) => sumEntries(Float32Array.from(values)));
  return statisticsOf(sums.reduce<Sums | null>(mergeSums, null));
}

const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 100), max: 2 ** 100 });

Deno.test("statistics agree with their definitions", () => {
  fc.assert(fc.property(fc.array(float, { minLength: 1, maxLength: 60 }), (list) => {
    const x = [...Float32Array.from(list)];
    const n = x.length;
    const sum = (f: (v: number) => number) => x.reduce((total, v) => total + f(v), 0);
    const mean = sum((v) => v) / n;
    const max = Math.max(...x.map(Math.abs));
    const actual = statistics(x)!;
    assertEquals(actual.count, n);
    assertEquals(actual.nonFinite, 0);
    assertEquals(actual.maxAbs, max);
    assertEquals(actual.zeroFraction, sum((v) => v === 0 ? 1 : 0) / n);
    assertAlmostEquals(actual.meanAbs, sum(Math.abs) / n, 1e-12 * max);
    assertAlmostEquals(actual.rms, Math.sqrt(sum((v) => v * v) / n), 1e-12 * max);
    assertAlmostEquals(actual.l2, Math.sqrt(sum((v) => v * v)), 1e-12 * max * n);
    assertAlmostEquals(actual.mean, mean, 1e-12 * max);
    assertAlmostEquals(actual.std, Math.sqrt(sum((v) => (v - mean) ** 2) / n), 1e-7 * max);
  }));
});

Deno.test("statistics of parts join to those of the whole", () => {
  const lists = fc.array(fc.array(float, { maxLength: 20 }), { minLength: 1, maxLength: 6 });
  fc.assert(fc.property(lists, (parts) => {
    const whole = statistics(parts.flat());
    const joined = statistics(...parts);
    if (whole === null) return assertEquals(joined, null);
    for (const key of Object.keys(whole) as Exclude<keyof typeof whole, "exponents">[]) {
      assertAlmostEquals(joined![key], whole[key], 1e-6 * whole.maxAbs + 1e-12 * whole.l2, key);
    }
  }));
});

Deno.test("statistics keep the deviation of entries that are far from 0", () => {
  // The squares' difference would be 1e14 - 1e14 in float64, with nothing left of the deviation.
  const actual = statistics([16777214, 16777216, 16777215, 16777215])!;
  assertAlmostEquals(actual.std, Math.SQRT1_2, 1e-9);
});

Deno.test("statistics neither overflow nor underflow where float32 squares would", () => {
  assertAlmostEquals(statistics([1e25, -1e25])!.rms / 1e25, 1, 1e-6);
  assertAlmostEquals(statistics([1e-25, -1e-25])!.rms / 1e-25, 1, 1e-6);
});

Deno.test("statistics count what is not finite, and leave it out of every other figure", () => {
  const actual = statistics([NaN, 3, Infinity, -3, -Infinity, 0])!;
  assertEquals(actual.count, 6);
  assertEquals(actual.nonFinite, 3);
  assertEquals(actual.meanAbs, 2);
  assertEquals(actual.maxAbs, 3);
  assertAlmostEquals(actual.zeroFraction, 1 / 3);
  const none = statistics([NaN, NaN])!;
  assertEquals([none.count, none.nonFinite, none.rms, none.std, none.zeroFraction], [
    2,
    2,
    0,
    0,
    0,
  ]);
});

Deno.test("statistics of nothing are null", () => {
  assertEquals(statistics(), null);
  assertEquals(statistics([]), null);
  assert(statistics([], [1]) !== null);
});
