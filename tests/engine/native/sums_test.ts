import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Bench, withNative } from "./with_native.ts";

/** The sums as their definitions say, over the finite entries. */
function reference(values: Float32Array) {
  const finite = Array.from(values).filter(Number.isFinite);
  const sum = (f: (x: number) => number) => finite.reduce((total, x) => total + f(x), 0);
  const mean = finite.length === 0 ? 0 : sum((x) => x) / finite.length;
  return {
    count: values.length,
    finite: finite.length,
    sumAbs: sum(Math.abs),
    sumSquares: sum((x) => x * x),
    maxAbs: finite.reduce((most, x) => Math.max(most, Math.abs(x)), 0),
    zeros: finite.filter((x) => x === 0).length,
    mean,
    squaredDeviations: sum((x) => (x - mean) ** 2),
  };
}

function check({ native, place }: Bench, values: Float32Array, offset: number) {
  const sums = native.sums(place(values, offset).address, values.length);
  const expected = reference(values);
  for (const exact of ["count", "finite", "maxAbs", "zeros"] as const) {
    assertEquals(sums[exact], expected[exact], exact);
  }
  const close = (name: "sumAbs" | "sumSquares" | "mean" | "squaredDeviations", scale: number) =>
    assert(
      Math.abs(sums[name] - expected[name]) <= 1e-12 * scale,
      `${name} is ${sums[name]}, expected ${expected[name]}`,
    );
  close("sumAbs", expected.sumAbs);
  close("sumSquares", expected.sumSquares);
  close("mean", expected.maxAbs);
  close("squaredDeviations", expected.sumSquares);
}

const entry = fc.oneof(
  { weight: 8, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 2, arbitrary: fc.constantFrom(0, -0, 1, 2 ** -149, 3.4028234663852886e38) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
);

Deno.test("sums() agree with their definitions, whatever is not finite and wherever it lies", async () => {
  await withNative((bench) =>
    fc.assert(
      fc.property(
        fc.float32Array({ maxLength: 700, noNaN: true, noDefaultInfinity: true }),
        fc.array(fc.tuple(fc.nat(), entry), { maxLength: 9 }),
        fc.nat(3),
        (values, changes, offset) => {
          for (const [at, value] of changes) {
            if (values.length > 0) values[at % values.length] = value;
          }
          check(bench, values, offset);
        },
      ),
      { seed: 1, numRuns: 150 },
    )
  );
});

Deno.test("sums() of a run in pieces agree with their definitions, at the borders of pieces too", async () => {
  await withNative((bench) => {
    for (const length of [65_535, 65_536, 65_537, 98_307, 64 * 32_768 + 70_001]) {
      const values = Float32Array.from(
        { length },
        (_, i) => i % 97 === 0 ? 0 : Math.sin(i) + i / length,
      );
      // A whole piece of which nothing is finite, the first one, and entries at the last border.
      if (length === 98_307) values.fill(NaN, 0, 40_000);
      values[length - 1] = Infinity;
      values[length - 2] = -9;
      check(bench, values, length % 3);
    }
  });
});

Deno.test("sums() of equal entries in pieces have no deviation", async () => {
  await withNative(({ native, place }) => {
    const { mean, squaredDeviations } = native.sums(
      place(new Float32Array(200_003).fill(0.1)).address,
      200_003,
    );
    assertEquals(mean, Math.fround(0.1));
    assertEquals(squaredDeviations, 0);
  });
});

Deno.test("sums() keep the digits of a deviation that is small beside the mean", async () => {
  await withNative(({ native, place }) => {
    const values = Float32Array.from({ length: 5000 }, (_, i) => 1e6 + (i % 2 === 0 ? 0.0625 : 0));
    const { mean, squaredDeviations } = native.sums(place(values).address, values.length);
    assertEquals(mean, 1e6 + 0.03125);
    assertAlmostEquals(squaredDeviations, 5000 * 0.03125 ** 2, 1e-9);
  });
});

Deno.test("sums() neither underflow nor overflow where float32 squares do", async () => {
  await withNative(({ native, place }) => {
    for (const scale of [1e-25, 1e25]) {
      const values = new Float32Array(100).fill(scale);
      const { sumSquares } = native.sums(place(values).address, 100);
      const expected = 100 * Math.fround(scale) ** 2;
      assertAlmostEquals(sumSquares / expected, 1, 1e-12);
    }
  });
});

Deno.test("sums() of nothing, and of nothing finite, are 0", async () => {
  await withNative(({ native, place }) => {
    const none = {
      finite: 0,
      sumAbs: 0,
      sumSquares: 0,
      maxAbs: 0,
      zeros: 0,
      mean: 0,
      squaredDeviations: 0,
    };
    assertEquals(native.sums(place([]).address, 0), { count: 0, ...none });
    const infinite = [NaN, Infinity, -Infinity, NaN, NaN];
    assertEquals(native.sums(place(infinite).address, 5), { count: 5, ...none });
  });
});
