import fc from "fast-check";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { onBackend } from "../../conformance/backends.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Tensor1D } from "@tensorflow/tfjs";

/** Entry by entry: those of a row-major tensor whose place `keep` maps into the result. */
function pick(shape: number[], values: number[], keep: (place: number[]) => boolean): number[] {
  return values.filter((_, flat) => {
    const place: number[] = [];
    for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
      place.unshift(rest % shape[axis]);
      rest = Math.floor(rest / shape[axis]);
    }
    return keep(place);
  });
}

/** A shape, and for each axis where a block begins and how long it is. */
const block = fc.array(
  fc.integer({ min: 1, max: 4 }).chain((size) =>
    fc.integer({ min: 0, max: size }).chain((length) =>
      fc.record({
        size: fc.constant(size),
        length: fc.constant(length),
        begin: fc.integer({ min: 0, max: size - length }),
      })
    )
  ),
  { minLength: 1, maxLength: 6 },
);

const count = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

Deno.test("slice() copies the block, of any shape and of every type", async () => {
  await onBackend("this engine", (tf) =>
    fc.assert(
      fc.property(block, fc.constantFrom("float32", "int32", "bool"), (axes, dtype) => {
        tf.tidy(() => {
          const shape = axes.map(({ size }) => size);
          const values = Array.from(
            { length: count(shape) },
            (_, i) => dtype === "bool" ? i % 2 : i,
          );
          const x = tf.tensor(values, shape, dtype as "float32");
          const begin = axes.map((axis) => axis.begin), size = axes.map((axis) => axis.length);
          const result = tf.slice(x, begin, size);
          assertEquals(result.shape, size);
          assertEquals(
            [...result.dataSync()],
            pick(
              shape,
              values,
              (place) =>
                place.every((at, axis) => at >= begin[axis] && at < begin[axis] + size[axis]),
            ),
          );
        });
      }),
      { seed: 1, numRuns: 300 },
    ));
});

Deno.test("unstack() and split() take a tensor apart along every axis", async () => {
  await onBackend("this engine", (tf) =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
        fc.nat(4),
        (shape, any) => {
          tf.tidy(() => {
            const axis = any % shape.length;
            const values = Array.from({ length: count(shape) }, (_, i) => i);
            const x = tf.tensor(values, shape);
            const expected = Array.from(
              { length: shape[axis] },
              (_, part) => pick(shape, values, (place) => place[axis] === part),
            );
            const parts: Tensor[] = tf.unstack(x, axis);
            assertEquals(parts.map((part) => [...part.dataSync()]), expected);
            assert(parts.every((part) => part.rank === shape.length - 1));
            const split = tf.split(x, Array(shape[axis]).fill(1), axis);
            assertEquals(split.map((part) => [...part.dataSync()]), expected);
            assertEquals(split[0].shape, shape.with(axis, 1));
          });
        },
      ),
      { seed: 1, numRuns: 200 },
    ));
});

Deno.test("gather() copies runs along every axis, with batches, and refuses other indices", async () => {
  await onBackend("this engine", (tf) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 5 }),
        fc.nat(4),
        fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (shape, any, picks, batched) => {
          tf.tidy(() => {
            const batchDims = batched ? 1 : 0;
            const axis = batchDims + any % (shape.length - batchDims);
            const groups = batched ? shape[0] : 1;
            const indices = Array.from(
              { length: groups },
              (_, group) => picks.map((pick) => (pick + group) % shape[axis]),
            );
            const values = Array.from({ length: count(shape) }, (_, i) => i);
            const result = tf.gather(
              tf.tensor(values, shape),
              batched ? tf.tensor2d(indices, undefined, "int32") : tf.tensor1d(indices[0], "int32"),
              axis,
              batchDims,
            );
            const inner = count(shape.slice(axis + 1)), size = shape[axis];
            const outer = count(shape.slice(0, axis));
            const expected = Array.from({ length: outer }, (_, o) => {
              const group = batched ? Math.floor(o / (outer / groups)) : 0;
              return indices[group].flatMap((index) =>
                Array.from({ length: inner }, (_, i) => (o * size + index) * inner + i)
              );
            }).flat();
            assertEquals([...result.dataSync()], expected);
            assertEquals(result.shape, shape.with(axis, picks.length));
          });
        },
      ),
      { seed: 1, numRuns: 200 },
    );
    for (const index of [-1, 3]) {
      const indices = tf.tensor1d([0, index], "int32");
      assertThrows(() => tf.gather(tf.ones([3, 2]), indices), Error, `index value ${index}`);
    }
  });
});

Deno.test("UnsortedSegmentSum of 2^20 rows in one segment is as exact as float32 is", async () => {
  await onBackend("this engine", (tf) => {
    const rows = 1 << 20;
    for (const width of [1, 4, 16]) {
      // Few segments, then enough that the rows of each are listed.
      for (const count of [2, rows]) {
        tf.tidy(() => {
          const x = tf.fill([rows, width], 0.1);
          const sums = tf.unsortedSegmentSum(x, tf.ones([rows], "int32") as Tensor1D, count);
          const expected = Math.fround(Math.fround(0.1) * rows);
          const found = sums.dataSync() as Float32Array;
          assert(found.subarray(width, 2 * width).every((sum) => sum === expected));
          assertEquals(found.reduce((a, b) => a + b, 0), expected * width);
        });
      }
    }
  });
});

Deno.test("UnsortedSegmentSum adds each row to its segment, at any width, and drops the rest", async () => {
  await onBackend("this engine", (tf) => {
    const cases = fc.record({
      segments: fc.array(fc.integer({ min: -1, max: 5 }), { minLength: 1, maxLength: 40 }),
      width: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(cases, ({ segments, width }) => {
        const x = Float32Array.from({ length: segments.length * width }, (_, i) => Math.sin(i + 1));
        const expected = new Float64Array(5 * width);
        segments.forEach((segment, row) => {
          if (segment < 0 || segment >= 5) return;
          for (let j = 0; j < width; j++) expected[segment * width + j] += x[row * width + j];
        });
        const found = tf.tidy(() =>
          tf.unsortedSegmentSum(
            tf.tensor(x, [segments.length, width]),
            tf.tensor1d(segments, "int32"),
            5,
          ).dataSync()
        );
        expected.forEach((sum, i) =>
          assert(Math.abs(found[i] - sum) <= 6e-8 * (1 + Math.abs(sum)))
        );
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
