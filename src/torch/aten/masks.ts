import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { type AtenOp, axisOf, sizeOf } from "./aten_op.ts";
import { where } from "./arithmetic.ts";
import { indicesOf, scatterRows, trueEntries } from "./indexing.ts";
import { aten } from "./schema.ts";
import { permute } from "./shapes.ts";

/** Keeps the entries of a triangle, and sets the others to 0. */
function triangle(tf: TensorFlow, x: Tensor, includes: (row: number, column: number) => boolean) {
  const [rows, columns] = x.shape.slice(-2);
  const mask = Array.from(
    { length: rows * columns },
    (_, i) => Number(includes(Math.floor(i / columns), i % columns)),
  );
  const kept = tf.tensor(mask, [rows, columns], "bool");
  return where(tf, kept, x, tf.scalar(0, x.dtype === "bool" ? "bool" : x.dtype as "int32"));
}

function oneHot(tf: TensorFlow, indices: Tensor, classes: number): Tensor {
  const depth = classes === -1 ? Math.max(-1, ...indices.dataSync()) + 1 : classes;
  indicesOf(indices, depth);
  const flat = tf.reshape(indices, [indices.size]);
  const hot = tf.oneHot(flat, depth, 1, 0, "int32") as Tensor;
  return tf.reshape(hot, [...indices.shape, depth]);
}

/** Diagonal of two axes. */
interface Diagonal {
  offset: number;
  dim1: number;
  dim2: number;
}

/** Returns the order of axes that puts those of a diagonal last, and its places in these two. */
function placesOnDiagonal(x: Tensor, { offset, dim1, dim2 }: Diagonal) {
  const row = axisOf(dim1, x.rank), column = axisOf(dim2, x.rank);
  const rest = x.shape.map((_, axis) => axis).filter((axis) => axis !== row && axis !== column);
  const rows = x.shape[row], columns = x.shape[column];
  const first = Math.max(0, -offset), count = Math.min(rows - first, columns - Math.max(0, offset));
  const places = Int32Array.from(
    { length: Math.max(0, count) },
    (_, i) => (first + i) * columns + first + i + offset,
  );
  return { order: [...rest, row, column], outer: rest.map((axis) => x.shape[axis]), places };
}

/** Returns the diagonal of two axes, as the last axis. */
function diagonal(tf: TensorFlow, x: Tensor, axes: Diagonal): Tensor {
  const { order, outer, places } = placesOnDiagonal(x, axes);
  const size = sizeOf(order.slice(-2).map((axis) => x.shape[axis]));
  const flat = tf.reshape(permute(tf, x, order), [...outer, size]);
  return tf.gather(flat, tf.tensor1d(places, "int32"), outer.length);
}

/** Returns a tensor with other entries on the diagonal of two axes: the last axis of `src`. */
export function diagonalScatter(tf: TensorFlow, x: Tensor, src: Tensor, axes: Diagonal): Tensor {
  const { order, outer, places } = placesOnDiagonal(x, axes);
  const size = sizeOf(order.slice(-2).map((axis) => x.shape[axis]));
  const turn = (one: Tensor, columns: number) =>
    tf.transpose(tf.reshape(one, [sizeOf(outer), columns])) as Tensor;
  const base = turn(permute(tf, x, order), size), rows = turn(src, places.length);
  const changed = tf.transpose(scatterRows(tf, base, places, { rows, accumulate: false }));
  const last = tf.reshape(changed, order.map((axis) => x.shape[axis]));
  return permute(tf, last, order.map((_, axis) => order.indexOf(axis)));
}

/** Puts the last axis on the diagonal of two axes. */
export function embed(
  tf: TensorFlow,
  x: Tensor,
  { offset, dim1, dim2 }: { offset: number; dim1: number; dim2: number },
): Tensor {
  const size = x.shape.at(-1)! + Math.abs(offset);
  const places = Int32Array.from(
    { length: x.shape.at(-1)! },
    (_, i) => (i + Math.max(0, -offset)) * size + i + Math.max(0, offset),
  );
  const outer = x.shape.slice(0, -1);
  const rows = tf.transpose(tf.reshape(x, [-1, places.length]));
  const base = tf.zeros([size * size, sizeOf(outer)]);
  const laid = scatterRows(tf, base, places, { rows, accumulate: false });
  const last = tf.reshape(tf.transpose(laid), [...outer, size, size]);
  const row = axisOf(dim1, last.rank), column = axisOf(dim2, last.rank);
  const order = last.shape.map((_, axis) => axis).slice(0, -2);
  const from = last.shape.map((_, axis) => {
    if (axis === row) return last.rank - 2;
    return axis === column ? last.rank - 1 : order.shift()!;
  });
  return permute(tf, last, from);
}

/** Returns the places of `values` in sorted boundaries. */
function bucketize(
  tf: TensorFlow,
  values: Tensor,
  { boundaries, right }: { boundaries: Tensor; right: boolean },
): Tensor {
  const edges = boundaries.dataSync(), count = edges.length;
  const found = Int32Array.from(values.dataSync(), (value) => {
    const at = edges.findIndex((edge) => right ? edge > value : edge >= value);
    return at < 0 ? count : at;
  });
  return tf.tensor(found, values.shape, "int32");
}

/** True entries, triangles, diagonals and places in an order. */
export const MASK_OPS: readonly AtenOp[] = [
  aten("nonzero(Tensor self) -> Tensor", ({ self }, { tf }) => {
    const entries = trueEntries(tf, self);
    return entries.length === 0
      ? tf.zeros([Number(self.dataSync()[0] !== 0), 0], "int32")
      : tf.stack(entries, 1);
  }),
  aten("nonzero_numpy(Tensor self) -> Tensor[]", ({ self }, { tf }) => trueEntries(tf, self)),
  aten("where(Tensor condition) -> Tensor[]", ({ condition }, { tf }) => {
    return trueEntries(tf, condition);
  }),
  aten(
    "one_hot(Tensor self, int num_classes=-1) -> Tensor",
    ({ self, num_classes }, { tf }) => oneHot(tf, self, num_classes),
  ),
  aten(
    "tril(Tensor self, SymInt diagonal=0) -> Tensor",
    ({ self, diagonal }, { tf }) => triangle(tf, self, (i, j) => j <= i + diagonal),
  ),
  aten(
    "triu(Tensor self, SymInt diagonal=0) -> Tensor",
    ({ self, diagonal }, { tf }) => triangle(tf, self, (i, j) => j >= i + diagonal),
  ),
  aten(
    "diagonal(Tensor self, int offset=0, int dim1=0, int dim2=1) -> Tensor",
    ({ self, offset, dim1, dim2 }, { tf }) => diagonal(tf, self, { offset, dim1, dim2 }),
  ),
  aten(
    "diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor",
    ({ self, ...axes }, { tf }) => embed(tf, self, axes),
  ),
  aten(
    "bucketize.Tensor(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor",
    ({ self, boundaries, right }, { tf }) => bucketize(tf, self, { boundaries, right }),
  ),
  aten(
    "searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, bool right=False, str? side=None, Tensor? sorter=None) -> Tensor",
    ({ sorted_sequence, self, right, side }, { tf }) => {
      if (sorted_sequence.rank !== 1) {
        throw new InputError({
          place: "The rank of sorted_sequence",
          found: String(sorted_sequence.rank),
          expected: "1",
        });
      }
      const how = { boundaries: sorted_sequence, right: right || side === "right" };
      return bucketize(tf, self, how);
    },
  ),
  aten("diag(Tensor self, int diagonal=0) -> Tensor", ({ self, diagonal: offset }, { tf }) => {
    const axes = { offset, dim1: 0, dim2: 1 };
    return self.rank === 1 ? embed(tf, self, axes) : diagonal(tf, self, axes);
  }),
  aten(
    "trace(Tensor self) -> Tensor",
    ({ self }, { tf }) => tf.sum(diagonal(tf, self, { offset: 0, dim1: 0, dim2: 1 })),
  ),
  aten(
    "isin.Tensor_Tensor(Tensor elements, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor",
    ({ elements, test_elements, invert }, { tf }) => {
      const known = new Set(test_elements.dataSync());
      const found = Array.from(elements.dataSync(), (one) => Number(known.has(one) !== invert));
      return tf.tensor(found, elements.shape, "bool");
    },
  ),
];
