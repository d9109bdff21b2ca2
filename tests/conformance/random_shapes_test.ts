import fc from "fast-check";
import { property, size } from "./random_shapes.ts";
import { recurrentRow } from "./rows/recurrent.ts";
import { binaryRow, castRow, matMulRow } from "./rows/operations.ts";
import { gatherRow, oneHotRow, segmentSumRow } from "./rows/indexed_operations.ts";

for (const kind of ["simpleRNN", "gru", "lstm"] as const) {
  Deno.test(`${kind} is right on random shapes`, () =>
    property(
      fc.tuple(
        fc.record({ batch: size(3), steps: size(4), features: size(3), units: size(4) }),
        fc.record({
          returnSequences: fc.boolean(),
          returnState: fc.boolean(),
          goBackwards: fc.boolean(),
          useBias: fc.boolean(),
        }),
      ),
      ([sequence, options]) => recurrentRow(kind, options, sequence),
      15,
    ));
}

for (const name of ["maximum", "minimum", "squaredDifference"] as const) {
  Deno.test(`${name} broadcasts random shapes`, () =>
    property(
      fc.tuple(
        fc.array(fc.tuple(size(4), fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 4 }),
        fc.nat(3),
        fc.nat(3),
      ),
      ([axes, dropA, dropB]) => {
        const shape = (i: 1 | 2, drop: number) =>
          axes.map((axis) => axis[i] ? 1 : axis[0]).slice(Math.min(drop, axes.length - 1));
        return binaryRow(name, shape(1, dropA), shape(2, dropB));
      },
    ));
}

const indices = (max: number) =>
  fc.array(fc.integer({ min: -2, max }), { minLength: 1, maxLength: 9 });

Deno.test("oneHot takes repeated indices and ones out of range", () =>
  property(
    fc.tuple(
      indices(6),
      fc.integer({ min: 2, max: 5 }),
      fc.constantFrom("float32", "int32", "bool"),
    ),
    ([index, depth, dtype]) => oneHotRow(index, depth, dtype as "float32"),
  ));

Deno.test("cast to bool takes every number", () =>
  property(
    fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 9 }),
    (values) => castRow(values.map((v) => Object.is(v, -0) ? 0 : v)),
  ));

Deno.test("gather adds up the gradients of repeated indices", () =>
  property(
    fc.tuple(size(5), size(4), fc.array(fc.nat(4), { minLength: 1, maxLength: 9 })),
    ([rows, width, index]) => gatherRow(rows, width, index.map((i) => i % rows)),
  ));

Deno.test("unsortedSegmentSum takes repeated indices and leaves out those out of range", () =>
  property(
    fc.tuple(size(5), size(4), indices(7)),
    ([segments, width, index]) => segmentSumRow(segments, width, index),
  ));

const products = (rows: number, inner: number, columns: number) =>
  fc.record({
    rows: size(rows),
    inner: size(inner),
    columns: size(columns),
    batch: fc.nat(3),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    activation: fc.constantFrom(undefined, "linear" as const, "relu" as const, "elu" as const),
  });

Deno.test("matMul is right on random shapes, transposed, batched and fused", () =>
  property(products(4, 6, 4), matMulRow));

Deno.test("matMul is right on shapes larger than the blocks it is computed in", () =>
  // Forward alone: the gradients of a product are products.
  property(products(40, 130, 40), (options) => ({ ...matMulRow(options), discrete: true })));
