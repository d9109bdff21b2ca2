import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Layer } from "../../src/engine/mod.ts";
import { duplicateUnits } from "../../src/measure/duplicate_units.ts";

const layer = (className: string) => ({ getClassName: () => className }) as unknown as Layer;

/** A kernel that says so if it is asked for a weight that it has not. */
function kernelOf(values: number[], looked: Set<number> = new Set()): ArrayLike<number> {
  return new Proxy(values, {
    get(_, key) {
      const place = Number(key);
      assert(
        Number.isInteger(place) && place >= 0 && place < values.length,
        `reads ${String(key)}`,
      );
      looked.add(place);
      return values[place];
    },
  });
}

/** The unit of a weight by its place along the window, the last axis but one and the last. */
const LAYOUTS: Record<string, { name: string; unitOf: (a: number, b: number) => string }> = {
  Dense: { name: "kernel", unitOf: (_, b) => `${b}` },
  Conv2D: { name: "kernel", unitOf: (_, b) => `${b}` },
  Conv2DTranspose: { name: "kernel", unitOf: (a) => `${a}` },
  DepthwiseConv2D: { name: "depthwise_kernel", unitOf: (a, b) => `${a} ${b}` },
};

for (const [className, { name, unitOf }] of Object.entries(LAYOUTS)) {
  Deno.test(`duplicateUnits() agrees with the units of a ${className} written out, and reads no weight that is not there`, () => {
    const size = fc.integer({ min: 1, max: 4 });
    const window = className === "Dense" ? fc.constant([]) : fc.tuple(size, size);
    const kernels = fc.tuple(window, size, size).chain(([window, a, b]) => {
      const shape = [...window, a, b];
      const count = shape.reduce((product, one) => product * one, 1);
      return fc.tuple(
        fc.constant(shape),
        fc.array(fc.constantFrom(0, -0, 1, 2, NaN), { minLength: count, maxLength: count }),
      );
    });
    fc.assert(
      fc.property(kernels, ([shape, values]) => {
        const [before, last] = shape.slice(-2);
        const units = new Map<string, number[]>();
        values.forEach((value, place) => {
          const unit = unitOf(Math.floor(place / last) % before, place % last);
          units.set(unit, [...units.get(unit) ?? [], value + 0]);
        });
        const whole = [...units.values()].filter((weights) => !weights.some(Number.isNaN));
        const expected = whole.length - new Set(whole.map(String)).size;
        assertEquals(
          duplicateUnits(layer(className), name, shape, () => kernelOf(values)),
          expected,
        );
      }),
      { numRuns: 300 },
    );
  });
}

Deno.test("duplicateUnits() reads no more than the first weights of units that differ there", () => {
  const looked = new Set<number>();
  const values = Array.from({ length: 12 }, (_, place) => place % 7);
  assertEquals(duplicateUnits(layer("Dense"), "kernel", [3, 4], () => kernelOf(values, looked)), 0);
  assertEquals([...looked].sort(), [0, 1, 2, 3]);
});

Deno.test("duplicateUnits() reads nothing of what is no kernel, or a table of rows", () => {
  const read = () => {
    throw new Error("was read");
  };
  assertEquals(duplicateUnits(layer("Embedding"), "embeddings", [2, 2], read), null);
  assertEquals(duplicateUnits(layer("Dense"), "bias", [3], read), null);
  assertEquals(duplicateUnits(layer("PReLU"), "alpha", [3, 3], read), null);
});
