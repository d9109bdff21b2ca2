import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { curveMoments } from "../../src/theory/curve_moments.ts";
import { gaussianMean } from "../../src/theory/gaussian_mean.ts";
import { ACTIVATION_FUNCTIONS } from "../../src/theory/activation_functions.ts";

Deno.test("curveMoments() gives the means of every activation, bit for bit as gaussianMean() does", () => {
  for (const [name, { value, derivative, kinks }] of Object.entries(ACTIVATION_FUNCTIONS)) {
    for (const variance of [1e-6, 0.37, 4, 900]) {
      const moments = curveMoments(name, variance);
      const over = (f: (z: number) => number) => gaussianMean(f, variance, { kinks });
      assertEquals(moments.slopeSquare, over((z) => derivative(z) ** 2), name);
      assertEquals(moments.mean, over(value), name);
      assertEquals(moments.meanSquare, over((z) => value(z) ** 2), name);
    }
  }
});

Deno.test("curveMoments() gives relu's closed forms", () => {
  const { mean, meanSquare, slopeSquare, kurtosis } = curveMoments("relu", 3);
  assertAlmostEquals(mean, Math.sqrt(3 / (2 * Math.PI)), 1e-12);
  assertAlmostEquals(meanSquare, 1.5, 1e-12);
  assertAlmostEquals(slopeSquare, 0.5, 1e-12);
  // E[relu^4] = 3 v^2 / 2, over the square of v / 2.
  assertAlmostEquals(kurtosis, 6, 1e-10);
});

Deno.test("curveMoments() keeps those of a name, forgets the oldest of many, and keeps no function's", () => {
  const first = curveMoments("softsign", 1);
  assertStrictEquals(curveMoments("softsign", 1), first);
  assert(curveMoments("softsign", 2).mean === 0 || curveMoments("softsign", 2) !== first);
  for (let variance = 2; variance <= 501; variance++) curveMoments("softsign", variance);
  assert(curveMoments("softsign", 1) !== first);
  assertEquals(curveMoments("softsign", 1).meanSquare, first.meanSquare);
  let slope = 1;
  const line = { value: (z: number) => slope * z, derivative: () => slope, kinks: [] };
  assertAlmostEquals(curveMoments(line, 1).meanSquare, 1, 1e-12);
  slope = 2;
  assertAlmostEquals(curveMoments(line, 1).meanSquare, 4, 1e-12);
});

Deno.test("gaussianMean() may be asked for another mean by its own function", () => {
  const inner = (z: number) => gaussianMean((t) => t * t, z * z, { kinks: [0] });
  assertAlmostEquals(gaussianMean(inner, 2), 2, 1e-10);
});
