import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Layer } from "../../../src/engine/mod.ts";
import { heapOf } from "../../../src/engine/start/prepare_engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import { duplicateUnits } from "../../../src/core/measure/measure_weights.ts";
import { countFlatRows } from "../../../src/core/measure/layer_notes.ts";

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

Deno.test("duplicateUnits() knows the units of an EinsumDense by its layout", () => {
  // [in, heads, out]: four units of two weights each.
  const heads = {
    getClassName: () => "EinsumDense",
    kernelLayout: "einsum ioo",
  } as unknown as Layer;
  const count = (...kernel: number[]) => duplicateUnits(heads, "kernel", [2, 2, 2], () => kernel);
  assertEquals(count(1, 2, 1, 4, 5, 6, 5, 8), 1);
  assertEquals(count(1, 2, 1, 4, 5, 6, 7, 8), 0);
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

const layerOf = (className: string) => ({ getClassName: () => className }) as unknown as Layer;

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
          duplicateUnits(layerOf(className), name, shape, () => kernelOf(values)),
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
  assertEquals(
    duplicateUnits(layerOf("Dense"), "kernel", [3, 4], () => kernelOf(values, looked)),
    0,
  );
  assertEquals([...looked].sort(), [0, 1, 2, 3]);
});

Deno.test("duplicateUnits() reads nothing of what is no kernel, or a table of rows", () => {
  const read = () => {
    throw new Error("was read");
  };
  assertEquals(duplicateUnits(layerOf("Embedding"), "embeddings", [2, 2], read), null);
  assertEquals(duplicateUnits(layerOf("Dense"), "bias", [3], read), null);
  assertEquals(duplicateUnits(layerOf("PReLU"), "alpha", [3, 3], read), null);
});

Deno.test("countFlatRows() counts rows whose variance is at most the given one, and no NaN", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const heap = heapOf(engine);
  const count = (rows: number[][], most: number) => {
    const tensor = tf.tensor2d(rows);
    const found = countFlatRows(heap, tensor, most);
    tensor.dispose();
    return found;
  };
  // Mean square deviations of 2.25, 0.75, 0 and 1.
  const rows = [[1, 1, 4, 4], [5, 5, 5, 7], [3, 3, 3, 3], [-1, 1, 1, -1]];
  assertEquals(count(rows, 0), { rows: 4, flat: 1 });
  assertEquals(count(rows, 0.74), { rows: 4, flat: 1 });
  assertEquals(count(rows, 0.75), { rows: 4, flat: 2 });
  assertEquals(count(rows, 1), { rows: 4, flat: 3 });
  assertEquals(count(rows, 2.25), { rows: 4, flat: 4 });
  assertEquals(count([[5, 7]], 1), { rows: 1, flat: 1 });
  assertEquals(count([[5, 7]], 0.99), { rows: 1, flat: 0 });
  assertEquals(count([[NaN, NaN], [0, NaN], [Infinity, 0], [1, 1]], 9), { rows: 4, flat: 1 });
  // A row of one entry has nothing to vary, and whole numbers are not normalised.
  assertEquals(count([[1], [1]], 1), { rows: 0, flat: 0 });
  const whole = tf.tensor2d([[1, 1]], [1, 2], "int32");
  const single = tf.scalar(1);
  for (const tensor of [whole, single]) {
    assertEquals(countFlatRows(heap, tensor, 1), { rows: 0, flat: 0 });
  }
  tf.dispose([whole, single]);
});
