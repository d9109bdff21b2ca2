import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { quartiles } from "../../src/study/study_summary.ts";

Deno.test("quartiles() interpolates between order statistics", () => {
  assertEquals(quartiles([4, 1, 3, 2]), { lower: 1.75, median: 2.5, upper: 3.25 });
  assertEquals(quartiles([7]), { lower: 7, median: 7, upper: 7 });
  assertEquals(quartiles([]), null);
});

Deno.test("quartiles() counts NaN as larger than any number, and survives infinities", () => {
  assertEquals(quartiles([1, NaN, 2, 3, 4]), { lower: 2, median: 3, upper: 4 });
  assertEquals(quartiles([NaN, NaN, 1]), { lower: NaN, median: NaN, upper: NaN });
  assertEquals(quartiles([Infinity, Infinity, 1]), {
    lower: Infinity,
    median: Infinity,
    upper: Infinity,
  });
});

Deno.test("quartiles() do not depend on the order, and are in order", () => {
  const figures = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });
  fc.assert(fc.property(figures, (values) => {
    const { lower, median, upper } = quartiles(values)!;
    assert(lower <= median && median <= upper);
    assertEquals(quartiles(values.toReversed()), { lower, median, upper });
  }));
});
