import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { onBackend } from "./backends.ts";
import { guardHeap } from "./guard_heap.ts";
import { windowGeometry } from "./reference/mod.ts";
import type { Row } from "./row.ts";
import { type Convolution, convolutionRow } from "./rows/convolutions.ts";
import { type Extent, poolingRow } from "./rows/pooling.ts";
import {
  batchNormRow,
  binaryRow,
  castRow,
  dilationRow,
  gatherRow,
  matMulRow,
  mirrorPadRow,
  oneHotRow,
  segmentSumRow,
} from "./rows/operations.ts";
import { runRow } from "./run_row.ts";

const size = (max: number) => fc.integer({ min: 1, max });
const sizes = (count: number, max: number) =>
  fc.array(size(max), { minLength: count, maxLength: count });
const padding = fc.constantFrom("valid" as const, "same" as const);
const draw = fc.constantFrom(undefined, "negative" as const);

/** Input, window, strides and padding of some spatial rank; every window fits. */
function windows(rank: number, longest: number) {
  const extent: fc.Arbitrary<Extent> = fc.record({
    batch: size(2),
    space: sizes(rank, longest),
    channels: size(3),
  });
  return fc.record({
    extent,
    window: sizes(rank, 3),
    strides: sizes(rank, 4),
    pad: padding,
    dataFormat: fc.constantFrom("channelsFirst", "channelsLast"),
  });
}

/** Whether there is an output. */
const fits = (space: number[], window: number[], dilations: number[], pad: "valid" | "same") =>
  space.every((n, axis) => windowGeometry(n, window[axis], 1, dilations[axis], pad).output > 0);

/** Checks the row of many random cases, forward and gradients. */
function property<T>(cases: fc.Arbitrary<T>, row: (value: T) => Row, numRuns = 40) {
  return onBackend("this engine", (tf: TensorFlow) => {
    const heap = guardHeap(tf);
    fc.assert(
      fc.property(cases, (value) => {
        const made = row(value);
        const { status, worst, detail, leaked } = runRow(tf, made);
        assertEquals(
          { status, leaked },
          { status: "ok", leaked: 0 },
          `${made.subject} ${made.options}: ${detail}, relative error ${worst}`,
        );
      }),
      { numRuns, seed: 1 },
    );
    heap.remove();
    assertEquals(heap.damaged(), 0, "a kernel wrote outside its output");
  });
}

for (const kind of ["max", "average"] as const) {
  for (const rank of [1, 2, 3]) {
    Deno.test(`${kind}Pooling${rank}d is right on random shapes`, () =>
      property(
        fc.tuple(windows(rank, rank === 3 ? 4 : 7), draw)
          .filter(([{ extent, window, pad }]) => fits(extent.space, window, [1, 1, 1], pad)),
        ([{ extent, window, strides, pad, dataFormat }, drawn]) =>
          poolingRow(
            kind,
            rank,
            {
              poolSize: window,
              strides,
              padding: pad,
              ...(rank > 1 ? { dataFormat } : {}),
            },
            drawn,
            extent,
          ),
        rank === 3 ? 20 : 40,
      ));
  }
}

const RANKS: Record<Convolution, number> = {
  conv1d: 1,
  conv2d: 2,
  conv3d: 3,
  conv2dTranspose: 2,
  conv3dTranspose: 3,
  depthwiseConv2d: 2,
  separableConv2d: 2,
};

for (const [subject, rank] of Object.entries(RANKS) as [Convolution, number][]) {
  const isTransposed = subject.endsWith("Transpose");
  Deno.test(`${subject} is right on random shapes`, () =>
    property(
      fc.record({
        at: windows(rank, rank === 3 ? 3 : 6),
        dilations: sizes(rank, 3),
        isDilated: fc.boolean(),
        filters: size(3),
        useBias: fc.boolean(),
        activation: fc.constantFrom("linear", "relu", "tanh"),
      }).filter(({ at: { extent, window, pad }, dilations, isDilated }) =>
        isTransposed ||
        fits(extent.space, window, isDilated ? dilations : dilations.map(() => 1), pad)
      ),
      ({ at, dilations, isDilated, filters, useBias, activation }) =>
        convolutionRow(subject, {
          kernelSize: at.window,
          padding: at.pad,
          dataFormat: at.dataFormat,
          useBias,
          activation,
          ...(subject === "depthwiseConv2d" ? { depthMultiplier: filters } : { filters }),
          // TensorFlow has no convolution with both, and a transposed one has no dilation.
          ...(isDilated && !isTransposed ? { dilationRate: dilations } : { strides: at.strides }),
        }, at.extent),
      rank === 3 ? 20 : 40,
    ));
}

Deno.test("dilation2d is right on random shapes", () =>
  property(
    fc.tuple(windows(2, 5), sizes(2, 2)).filter(([{ extent, window, pad }, dilations]) =>
      fits(extent.space, window, dilations, pad)
    ),
    ([{ extent, window, strides, pad }, dilations]) =>
      dilationRow({
        window: window as [number, number],
        strides: strides as [number, number],
        dilations: dilations as [number, number],
        pad,
      }, extent),
  ));

Deno.test("mirrorPad is right on random shapes", () =>
  property(
    fc.tuple(
      fc.array(fc.tuple(size(4), fc.nat(4), fc.nat(4)), { minLength: 1, maxLength: 4 }),
      fc.constantFrom("reflect" as const, "symmetric" as const),
    ),
    ([axes, mode]) => {
      const most = (n: number) => mode === "reflect" ? n - 1 : n;
      return mirrorPadRow(
        axes.map(([n]) => n),
        axes.map(([n, before, after]) => [Math.min(before, most(n)), Math.min(after, most(n))]),
        mode,
      );
    },
  ));

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

Deno.test("batchNorm is right along random axes", () =>
  property(
    fc.tuple(
      fc.integer({ min: 2, max: 4 }).chain((rank) => sizes(rank, 4)),
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    ),
    ([shape, mask]) => {
      const axes = shape.map((_, axis) => axis).filter((axis) => mask[axis]);
      return batchNormRow(shape, axes.length === 0 ? [shape.length - 1] : axes);
    },
  ));

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
