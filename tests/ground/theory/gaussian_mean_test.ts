import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { gaussianMean } from "../../../src/ground/theory/gaussian_mean.ts";

Deno.test("gaussianMean() integrates moments, smooth and with kinks, at any variance", () => {
  const variances = fc.double({ min: -9, max: 9, noNaN: true }).map((exponent) => 10 ** exponent);
  fc.assert(fc.property(variances, (variance) => {
    const close = (mean: number, expected: number) => assertAlmostEquals(mean / expected, 1, 1e-11);
    close(gaussianMean(() => 1, variance), 1);
    close(gaussianMean((z) => z * z, variance), variance);
    close(gaussianMean((z) => z ** 4, variance), 3 * variance ** 2);
    close(
      gaussianMean((z) => Math.abs(z), variance, { kinks: [0] }),
      Math.sqrt(2 * variance / Math.PI),
    );
    close(gaussianMean((z) => z > 0 ? 1 : 0, variance, { kinks: [0] }), 0.5);
  }));
});

Deno.test("gaussianMean() splits at the kinks that it is given, whatever it was asked for before", () => {
  const step = (z: number) => z > 0.3 ? 1 : 0;
  const above = 0.38208857781104733;
  for (const before of [[], [0.3, 2], [2], [0.4]]) {
    gaussianMean(step, 4);
    gaussianMean(step, 1, { kinks: before });
    assertAlmostEquals(gaussianMean(step, 1, { kinks: [0.3] }), above, 1e-12, `${before}`);
  }
  // Without its kink the step is only known roughly.
  assert(Math.abs(gaussianMean(step, 1) - above) > 1e-6);
});

Deno.test("gaussianMean() resolves a function that is steep beside the Gaussian", () => {
  // E[sech^4] tends to 4 / 3 times the density at 0 as the variance grows.
  const mean = gaussianMean((z) => Math.cosh(Math.min(Math.abs(z), 300)) ** -4, 1e8);
  assertAlmostEquals(mean / (4 / 3 / Math.sqrt(2 * Math.PI) / 1e4), 1, 1e-6);
});

Deno.test("gaussianMean() takes the mean of both sides at a kink under no variance", () => {
  assertEquals(gaussianMean((z) => z > 0 ? 1 : 0, 0), 0.5);
  assertEquals(gaussianMean((z) => z + 3, 0), 3);
});

Deno.test("gaussianMean() may be asked for another mean by its own function", () => {
  const inner = (z: number) => gaussianMean((t) => t * t, z * z, { kinks: [0] });
  assertAlmostEquals(gaussianMean(inner, 2), 2, 1e-10);
});
