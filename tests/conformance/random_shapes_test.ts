import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { onBackend } from "./backends.ts";
import { guardHeap } from "./guard_heap.ts";
import { windowGeometry } from "./reference/mod.ts";
import type { Row } from "./row.ts";
import { type Convolution, convolutionRow } from "./rows/convolutions.ts";
import { preluRow, softmaxRow } from "./rows/core.ts";
import { resizingRow, upSamplingRow } from "./rows/images.ts";
import { concatenateRow, dotRow } from "./rows/merging.ts";
import { batchNormalizationRow, layerNormalizationRow } from "./rows/normalization.ts";
import { type Extent, poolingRow } from "./rows/pooling.ts";
import { recurrentRow } from "./rows/recurrent.ts";
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

/** A shape of some ranks, and which of its axes beyond the batch are chosen: one at least. */
const chosenAxes = (lowest: number, highest: number, longest = 4) =>
  fc.integer({ min: lowest, max: highest })
    .chain((rank) =>
      fc.tuple(sizes(rank, longest), fc.subarray(Array.from({ length: rank - 1 }, (_, i) => i + 1)))
    )
    .filter(([, axes]) => axes.length > 0);

Deno.test("batchNormalization is right along any axis", () =>
  property(
    fc.tuple(
      chosenAxes(2, 5, 3),
      fc.record({ scale: fc.boolean(), center: fc.boolean() }),
      fc.boolean(),
      // The variance of a single entry is 0, and epsilon all that is left of it.
    ).filter(([[shape, axes], , training]) =>
      !training || shape.reduce((a, b) => a * b) > 2 * shape[axes[0]]
    ),
    ([[shape, axes], options, training]) =>
      batchNormalizationRow(shape, { axis: axes[0], ...options }, training),
  ));

Deno.test("layerNormalization is right over any axes", () =>
  property(
    fc.tuple(chosenAxes(2, 5, 3), fc.record({ scale: fc.boolean(), center: fc.boolean() }))
      .filter(([[shape, axes]]) => axes.reduce((size, axis) => size * shape[axis], 1) > 2),
    ([[shape, axis], options]) => layerNormalizationRow(shape, { axis, ...options }),
  ));

Deno.test("softmax is right over any axis", () =>
  property(
    chosenAxes(2, 4),
    ([shape, axes]) => softmaxRow({ axis: axes.length === 1 ? axes[0] : axes }, shape, axes),
  ));

Deno.test("prelu shares any axes", () =>
  property(chosenAxes(2, 4), ([shape, axes]) => preluRow(axes, shape)));

const interpolation = fc.constantFrom("nearest", "bilinear");

Deno.test("upSampling2d is right on random shapes", () =>
  property(
    fc.tuple(
      sizes(4, 4),
      sizes(2, 3),
      interpolation,
      fc.constantFrom("channelsFirst", "channelsLast"),
    ),
    ([shape, size, interpolation, dataFormat]) =>
      upSamplingRow({ size, interpolation, dataFormat }, shape),
  ));

Deno.test("resizing is right on random shapes", () =>
  property(
    fc.tuple(sizes(4, 5), sizes(2, 6), interpolation, fc.boolean()),
    ([shape, [height, width], interpolation, cropToAspectRatio]) =>
      resizingRow({ height, width, interpolation, cropToAspectRatio }, shape),
  ));

Deno.test("concatenate is right along any axis", () =>
  property(
    fc.tuple(
      fc.integer({ min: 2, max: 5 }).chain((rank) => sizes(rank, 3)),
      sizes(3, 3),
      fc.nat(3),
    ),
    ([shape, lengths, place]) => {
      const axis = 1 + place % (shape.length - 1);
      const shapes = lengths.map((n) => shape.map((size, i) => i === axis ? n : size));
      return concatenateRow({ axis }, shapes, axis);
    },
  ));

Deno.test("dot is right along any axes", () =>
  property(
    fc.tuple(sizes(4, 4), fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()),
    ([[batch, least, p, q], wideA, wideB, firstA, firstB, normalize]) => {
      // A vector of one entry has length 1 whatever the entry.
      const inner = normalize ? least + 1 : least;
      const side = (wide: boolean, first: boolean, other: number) =>
        !wide ? [batch, inner] : first ? [batch, inner, other] : [batch, other, inner];
      const axis = (wide: boolean, first: boolean) => !wide || first ? 1 : 2;
      return dotRow(
        [side(wideA, firstA, p), side(wideB, firstB, q)],
        [axis(wideA, firstA), axis(wideB, firstB)],
        normalize,
      );
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
