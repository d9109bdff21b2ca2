import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Layer } from "../../src/engine/mod.ts";
import { duplicateUnits } from "../../src/measure/duplicate_units.ts";

const layer = (className: string) => ({ getClassName: () => className }) as unknown as Layer;

Deno.test("duplicateUnits() counts equal columns of a Dense kernel", () => {
  const dense = layer("Dense");
  assertEquals(duplicateUnits(dense, "kernel", [2, 3], () => [1, 2, 1, 3, 4, 3]), 1);
  assertEquals(duplicateUnits(dense, "kernel", [2, 3], () => [1, 1, 1, 3, 4, 3.5]), 0);
  assertEquals(duplicateUnits(dense, "kernel", [2, 3], () => [0, 0, 0, 0, 0, 0]), 2);
  // Equal at first, different at last.
  assertEquals(duplicateUnits(dense, "kernel", [5, 2], () => [1, 1, 1, 1, 1, 1, 1, 1, 2, 3]), 0);
});

Deno.test("duplicateUnits() knows on which axis the units of a layer lie", () => {
  // [1, 1, out, in]: the units are the rows.
  const transposed = layer("Conv2DTranspose");
  assertEquals(duplicateUnits(transposed, "kernel", [1, 1, 2, 3], () => [1, 2, 3, 1, 2, 3]), 1);
  assertEquals(duplicateUnits(transposed, "kernel", [1, 1, 3, 2], () => [1, 1, 2, 2, 3, 3]), 0);
  // [2, 1, out, in]: what a unit takes at the second place stands behind all of the first.
  const window = (last: number) => [1, 2, 1, 2, 3, 4, 3, last];
  assertEquals(duplicateUnits(transposed, "kernel", [2, 1, 2, 2], () => window(4)), 1);
  assertEquals(duplicateUnits(transposed, "kernel", [2, 1, 2, 2], () => window(5)), 0);
  // [2, 1, in, multiplier]: four units of two weights each.
  const depthwise = layer("DepthwiseConv2D");
  const kernel = [1, 2, 1, 4, 5, 6, 5, 8];
  assertEquals(duplicateUnits(depthwise, "depthwise_kernel", [2, 1, 2, 2], () => kernel), 1);
});

Deno.test("duplicateUnits() is null for what is no kernel", () => {
  assertEquals(duplicateUnits(layer("Dense"), "bias", [3], () => [0, 0, 0]), null);
  assertEquals(duplicateUnits(layer("Embedding"), "embeddings", [2, 2], () => [0, 0, 0, 0]), null);
});

Deno.test("duplicateUnits() takes -0 for 0, and NaN for nothing's equal", () => {
  const dense = layer("Dense");
  assertEquals(duplicateUnits(dense, "kernel", [2, 3], () => [0, -0, 1, 2, 2, 2]), 1);
  assertEquals(duplicateUnits(dense, "kernel", [2, 3], () => [1, 1, 1, NaN, NaN, 2]), 0);
});

Deno.test("duplicateUnits() looks at each weight a few times where units begin alike", () => {
  const fanIn = 20;
  const units = 1000;
  let looks = 0;
  // Pruned: all but the last weight of every unit are 0.
  const values = new Proxy([] as number[], {
    get(_, index) {
      looks++;
      const place = Number(index);
      return place < (fanIn - 1) * units ? 0 : place;
    },
  });
  assertEquals(duplicateUnits(layer("Dense"), "kernel", [fanIn, units], () => values), 0);
  assertEquals(looks < 3 * fanIn * units, true, `${looks} looks at ${fanIn * units} weights`);
});

Deno.test("duplicateUnits() agrees with comparing every column with every other", () => {
  const entry = fc.constantFrom(0, 1, -1, 0.5);
  const shape = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }));
  const kernels = shape.chain(([fanIn, units]) =>
    fc.tuple(
      fc.constant([fanIn, units]),
      fc.array(entry, { minLength: fanIn * units, maxLength: fanIn * units }),
    )
  );
  fc.assert(fc.property(kernels, ([[fanIn, units], values]) => {
    const columns = Array.from(
      { length: units },
      (_, u) => Array.from({ length: fanIn }, (_, n) => values[n * units + u]).join(),
    );
    const expected = units - new Set(columns).size;
    assertEquals(duplicateUnits(layer("Dense"), "kernel", [fanIn, units], () => values), expected);
  }));
});
