import fc from "fast-check";
import { property, sizes } from "./random_shapes.ts";
import { preluRow, softmaxRow } from "./rows/core.ts";
import { concatenateRow, dotRow } from "./rows/merging.ts";
import { batchNormalizationRow, layerNormalizationRow } from "./rows/normalization.ts";
import { batchNormRow } from "./rows/operations.ts";

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
