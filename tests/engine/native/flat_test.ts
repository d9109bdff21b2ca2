import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { withNative } from "./with_native.ts";

Deno.test("flat() counts beyond bounds and finds the units between them", async () => {
  await withNative(({ native, place }) =>
    fc.assert(
      fc.property(
        fc.record({
          groups: fc.integer({ min: 0, max: 5 }),
          units: fc.integer({ min: 1, max: 11 }),
          inner: fc.constantFrom(1, 1, 2, 4, 7),
        }),
        fc.constantFrom([-0.5, 0.5], [0, NaN], [0, 6], [NaN, NaN], [0.1, 0.3]),
        fc.infiniteStream(fc.constantFrom(-1, -0.5, -0.4, 0, 0.1, 0.3, 0.2, 1, 7, NaN, Infinity)),
        fc.nat(3),
        (shape, [low, high], stream, offset) => {
          const { groups, units, inner } = shape;
          const count = groups * units * inner;
          const values = Float32Array.from({ length: count }, () => stream.next().value!);
          const expected = {
            low: 0,
            high: 0,
            nan: 0,
            active: new Array<boolean>(units).fill(false),
          };
          values.forEach((x, i) => {
            if (x <= low) expected.low++;
            else if (x >= high) expected.high++;
            else {
              if (Number.isNaN(x)) expected.nan++;
              expected.active[Math.floor(i / inner) % units] = true;
            }
          });
          const counts = native.flat(place(values, offset).address, shape, { low, high });
          const active = Array.from(counts.active, (flag) => flag !== 0);
          assertEquals({ ...counts, active }, expected);
        },
      ),
      { seed: 1, numRuns: 300 },
    )
  );
});

Deno.test("flat() compares with bounds of float64 exactly", async () => {
  await withNative(({ native, place }) => {
    // Neither bound is a float32; the nearest ones below and above are on either side.
    for (const bound of [0.1, -0.1, 1.83, 1e-50, -1e-50]) {
      const nearest = Math.fround(bound);
      const step = Math.max(Math.abs(nearest) * 2 ** -23, 2 ** -149);
      const values = [nearest - step, nearest, nearest + step].map(Math.fround);
      const { address } = place(values);
      const shape = { groups: 3, units: 1, inner: 1 };
      const below = native.flat(address, shape, { low: bound, high: NaN });
      assertEquals(below.low, values.filter((x) => x <= bound).length, `<= ${bound}`);
      const above = native.flat(address, shape, { low: NaN, high: bound });
      assertEquals(above.high, values.filter((x) => x >= bound).length, `>= ${bound}`);
    }
  });
});
