import { InputError } from "../../../src/ground/words/input_error.ts";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { wilsonInterval } from "../../../src/ground/theory/statistics.ts";
import { assertRefused } from "../../assert_refused.ts";

Deno.test("wilsonInterval() gives the known interval of Newcombe's examples", () => {
  // Newcombe 1998, table I, method 3.
  const known: [number, number, number, number][] = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ];
  for (const [successes, trials, low, high] of known) {
    const interval = wilsonInterval(successes, trials);
    assertAlmostEquals(interval[0], low, 5e-5);
    assertAlmostEquals(interval[1], high, 5e-5);
  }
});

Deno.test("wilsonInterval() holds the rate, stays within 0 and 1, and mirrors", () => {
  const counts = fc.integer({ min: 1, max: 1e6 })
    .chain((trials) => fc.tuple(fc.integer({ min: 0, max: trials }), fc.constant(trials)));
  fc.assert(fc.property(counts, ([successes, trials]) => {
    const [low, high] = wilsonInterval(successes, trials);
    assertEquals(0 <= low && low <= successes / trials && successes / trials <= high, true);
    assertEquals(high <= 1, true);
    const [mirrored] = wilsonInterval(trials - successes, trials);
    assertAlmostEquals(mirrored, 1 - high, 1e-9);
  }));
});

Deno.test("wilsonInterval() throws an InputError when a number makes no sense", () => {
  assertRefused(
    () => wilsonInterval(0, 0),
    { place: "trials", found: "0", expected: "a whole number of at least 1" },
  );
  assertRefused(
    () => wilsonInterval(1, 1.5),
    { place: "trials", found: "1.5", expected: "a whole number of at least 1" },
  );
  assertRefused(
    () => wilsonInterval(-1, 5),
    { place: "successes", found: "-1", expected: "a whole number from 0 to 5" },
  );
  assertRefused(
    () => wilsonInterval(6, 5),
    { place: "successes", found: "6", expected: "a whole number from 0 to 5" },
  );
  assertThrows(() => wilsonInterval(NaN, 5), InputError, "successes is NaN");
});
