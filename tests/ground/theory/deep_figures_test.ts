import { InputError } from "../../../src/ground/words/input_error.ts";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  criticalWeightVariance,
  depthScale,
  forwardSlope,
  layersToGrow,
  widthSpread,
} from "../../../src/ground/theory/mod.ts";
import { assertRefused } from "../../assert_refused.ts";

Deno.test("forwardSlope() and layersToGrow() give the known figures of each activation", () => {
  const known: [string, number, number][] = [
    ["relu", 1, Infinity],
    ["gelu", 1.084, 28],
    ["swish", 1.147, 16],
    ["elu", 0.898, Infinity],
    ["selu", 0.783, Infinity],
    ["mish", 1.052, 45],
    ["softplus", 0.535, Infinity],
  ];
  for (const [activation, slope, layers] of known) {
    assertAlmostEquals(forwardSlope(activation), slope, 6e-4, activation);
    assertEquals(layersToGrow(forwardSlope(activation)), layers, activation);
  }
  // A tanh of small z is linear; a factor of 100 takes twice as long.
  assertAlmostEquals(forwardSlope("tanh", 1e-6), 1, 1e-5);
  assertEquals(layersToGrow(1.084, 100), 57);
  assertEquals(layersToGrow(forwardSlope("tanh", 1)), Infinity);
  assertThrows(() => forwardSlope("tanh"), InputError, "never has the mean square 1");
  assertThrows(() => forwardSlope("none"), InputError, "expected linear, tanh");
  assertThrows(() => forwardSlope("relu", 0), InputError, "expected a number above 0");
  assertThrows(() => layersToGrow(-1), InputError, "expected a number of at least 0");
  assertThrows(() => layersToGrow(2, 1), InputError, "expected a number above 1");
});

Deno.test("depthScale() gives the known figures of tanh under the bias variance 0.05", () => {
  const known: [number, number, number, number][] = [
    [0.25, 0.2235, 1, 0.67],
    [0.5, 0.4320, 1, 1.19],
    [1, 0.7590, 1, 3.63],
    [1.3, 0.8802, 1, 7.83],
    [1.5, 0.9386, 1, 15.8],
    [1.7, 0.9867, 1, 74.9],
    [1.9, NaN, 0.838, 39.4],
    [2.2, 0.9402, 0.597, 16.2],
    [3, 0.8954, 0.299, 9.05],
    [4, 0.8665, 0.165, 6.98],
    [8, 0.8090, 0.047, 4.72],
  ];
  for (const [weights, slope, correlation, scale] of known) {
    const found = depthScale("tanh", weights, { biasVariance: 0.05 });
    if (!Number.isNaN(slope)) assertAlmostEquals(found.slope, slope, 5e-4, `slope of ${weights}`);
    assertAlmostEquals(found.correlation, correlation, 1e-3, `correlation of ${weights}`);
    assertAlmostEquals(found.scale / scale, 1, 0.01, `scale of ${weights}`);
    assertAlmostEquals(found.carries, 6 * found.scale, 1e-9);
  }
});

Deno.test("depthScale() has no end at criticality, and refuses what tends to nothing", () => {
  assertAlmostEquals(depthScale("relu", 2).slope, 1, 1e-9);
  assertEquals(depthScale("relu", 2).scale, Infinity);
  const critical = criticalWeightVariance("tanh", 0.05);
  assertEquals(depthScale("tanh", critical, { biasVariance: 0.05 }).carries > 1e5, true);
  assertThrows(() => depthScale("tanh", 0.5), InputError, "tends to 0");
  assertThrows(() => depthScale("relu", 3), InputError, "tends to no limit");
  assertRefused(
    () => depthScale("tanh", -1),
    { place: "weightVariance", found: "-1", expected: "a number of at least 0" },
  );
  assertThrows(() => depthScale("none", 1), InputError, "expected linear, tanh");
});

Deno.test("widthSpread() gives Hanin's variances", () => {
  const of = (units: number, depth: number, activation?: string) =>
    widthSpread(Array(depth).fill(units), activation);
  assertAlmostEquals(of(20, 20).variance, 5, 1e-6);
  assertAlmostEquals(of(64, 50).variance, 3.91, 5e-3);
  assertAlmostEquals(of(256, 50).variance, 0.98, 5e-3);
  for (const activation of ["linear", "tanh"]) {
    assertAlmostEquals(of(20, 20, activation).variance, 2, 2e-3, activation);
  }
  // Both sides of a lottery, and the terms add up.
  assertEquals([of(20, 20).loss > 1000, of(21, 20).loss > 1000], [true, false]);
  assertAlmostEquals(widthSpread([2, 1000, 1000]).inverseWidths, 0.502, 1e-12);
  assertThrows(() => widthSpread([0]), InputError, "expected a number above 0");
  assertThrows(() => widthSpread([1], "none"), InputError, "expected linear, tanh");
});
