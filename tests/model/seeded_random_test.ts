import { InputError } from "../../src/words/input_error.ts";
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "../../src/model/batches/seeded_random.ts";

const moments = (draw: () => number, count: number) => {
  const sums = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const value = draw();
    for (let power = 1; power <= 4; power++) sums[power - 1] += value ** power / count;
  }
  return sums;
};

Deno.test("SeededRandom draws standard normals, seed 0 too", () => {
  for (const seed of [0, 1, -1, Number.MAX_SAFE_INTEGER]) {
    const random = new SeededRandom(seed, "test");
    const [mean, second, third, fourth] = moments(() => random.normal(), 100_000);
    assertAlmostEquals(mean, 0, 0.015);
    assertAlmostEquals(second, 1, 0.025);
    assertAlmostEquals(third, 0, 0.06);
    assertAlmostEquals(fourth, 3, 0.2);
  }
});

Deno.test("SeededRandom draws uniform numbers and integers in their range", () => {
  const random = new SeededRandom(3, "test");
  const [mean, second] = moments(() => random.uniform(), 100_000);
  assertAlmostEquals(mean, 1 / 2, 0.005);
  assertAlmostEquals(second, 1 / 3, 0.005);
  const counts = new Array(10).fill(0);
  for (let i = 0; i < 100_000; i++) counts[random.integer(10)]++;
  assert(counts.every((count) => Math.abs(count - 10_000) < 500), `${counts}`);
});

Deno.test("SeededRandom gives streams and seeds of their own, the same every time", () => {
  const draw = (seed: number, stream: string) => new SeededRandom(seed, stream).normals(8);
  assertEquals(draw(0, "a"), draw(0, "a"));
  assertNotEquals(draw(0, "a"), draw(0, "b"));
  assertNotEquals(draw(0, "a"), draw(1, "a"));
});

// The numbers come from a second implementation, in Python.
Deno.test("SeededRandom is xoshiro128** filled by splitmix32", () => {
  const random = new SeededRandom(0, "weights");
  assertEquals([random.bits(), random.bits(), random.bits()], [3423766232, 1783042534, 3551475623]);
});

Deno.test("SeededRandom refuses a seed that is no integer", () => {
  for (const seed of [0.5, NaN, 2 ** 53]) {
    assertThrows(() => new SeededRandom(seed, "test"), InputError, `seed is ${seed}`);
  }
});
