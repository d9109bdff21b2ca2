import { assertAlmostEquals, assertEquals } from "@std/assert";
import { acrossSeedsOf, levelOf, slopeOf } from "../../../src/study/growth/growth_types.ts";

Deno.test("slopeOf() is the power of the size", () => {
  assertAlmostEquals(slopeOf([[64, 3 * 8], [256, 3 * 16], [1024, 3 * 32]])!, 0.5, 1e-12);
  assertEquals(slopeOf([[64, 1], [128, 0]]), null);
  assertEquals(slopeOf([[64, 1], [128, NaN]]), Infinity);
});

Deno.test("acrossSeedsOf() has the interval of Student's t", () => {
  // Mean 0.2, deviation 0.1: 4.30 * 0.1 / sqrt(3).
  const slope = acrossSeedsOf([0.1, 0.2, 0.3])!;
  assertAlmostEquals(slope.value, 0.2, 1e-12);
  assertAlmostEquals(slope.half!, 0.2483, 1e-4);
  assertEquals(acrossSeedsOf([0.1])!.half, null);
  assertEquals(acrossSeedsOf([0.1, null]), null);
});

Deno.test("levelOf() warns above 0.25 and fails above 0.5, on both sides", () => {
  assertEquals([0.25, 0.26, 0.5, 0.51].map(levelOf), ["flat", "warning", "warning", "error"]);
  assertEquals([-0.25, -0.26, -0.5, -0.51].map(levelOf), ["flat", "warning", "warning", "error"]);
});
