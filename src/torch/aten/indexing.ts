import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../words/input_error.ts";
import type { AtenOp } from "./aten_op.ts";
import { axisOf, sizeOf } from "./axes.ts";
import { where } from "./comparisons.ts";
import { type Dtype, requireInt32, scalar, toDtype, withScalar } from "./dtypes.ts";
import { pick } from "./reductions.ts";
import { expand, permute, slice } from "./shapes.ts";
import { aten } from "./schema.ts";

/** Returns indices counted from 0, rejecting those outside of an axis. */
function indicesOf(index: Tensor, size: number): Int32Array {
  return Int32Array.from(index.dataSync(), (at) => {
    if (at >= -size && at < size) return at < 0 ? at + size : at;
    throw new InputError({
      place: "An index",
      found: String(at),
      expected: `${-size} to ${size - 1}`,
    });
  });
}

/** Returns the entries of an axis at the given indices, which may have any shape. */
function take(tf: TensorFlow, x: Tensor, axis: number, index: Tensor): Tensor {
  const flat = tf.tensor1d(indicesOf(index, x.shape[axis]), "int32");
  return tf.reshape(tf.gather(x, flat, axis), x.shape.toSpliced(axis, 1, ...index.shape));
}

/**
 * Places that indices name, by PyTorch's rules: masks become the places of their true entries,
 * indices broadcast, and their axes are where the first indexed one was, or first if others are
 * between them.
 */
interface Places {
  /** Order of axes that puts the indexed ones first. */
  order: number[];
  /** Place of each entry of the broadcast indices among the indexed axes. */
  flat: Int32Array;
  /** Number of entries of the indexed axes. */
  size: number;
  /** Shape of the broadcast indices. */
  shape: number[];
  /** Axis of the result at which `shape` begins. */
  at: number;
  /** Sizes of the axes that are not indexed. */
  rest: number[];
}

/** Returns the indices of the true entries of a mask, one tensor for each axis. */
export function trueEntries(tf: TensorFlow, mask: Tensor): Tensor[] {
  const places = Array.from(mask.dataSync()).flatMap((value, i) => value ? [i] : []);
  let inner = mask.size;
  return mask.shape.map((size) => {
    inner /= size;
    return tf.tensor1d(places.map((at) => Math.floor(at / inner) % size), "int32");
  });
}

function placesOf(tf: TensorFlow, x: Tensor, given: readonly (Tensor | null)[]): Places {
  const indices = given.flatMap((index): (Tensor | null)[] =>
    index?.dtype === "bool" ? trueEntries(tf, index) : [index]
  );
  const axes = indices.flatMap((index, axis) => index === null ? [] : [axis]);
  const rest = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const shape = axes.reduce(
    (shape: number[], axis) =>
      tf.broadcast_util.assertAndGetBroadcastShape(shape, indices[axis]!.shape),
    [],
  );
  const flat = new Int32Array(sizeOf(shape));
  for (const axis of axes) {
    const size = x.shape[axis];
    const own = indicesOf(tf.broadcastTo(indices[axis]!, shape), size);
    for (let i = 0; i < flat.length; i++) flat[i] = flat[i] * size + own[i];
  }
  const areNeighbours = axes.every((axis, i) => i === 0 || axis === axes[i - 1] + 1);
  return {
    order: [...axes, ...rest],
    flat,
    size: sizeOf(axes.map((axis) => x.shape[axis])),
    shape,
    at: areNeighbours ? axes[0] ?? 0 : 0,
    rest: rest.map((axis) => x.shape[axis]),
  };
}

/** Returns the entries at the given indices. */
function index(tf: TensorFlow, x: Tensor, given: readonly (Tensor | null)[]): Tensor {
  const { order, flat, size, shape, at, rest } = placesOf(tf, x, given);
  const rows = tf.reshape(permute(tf, x, order), [size, ...rest]);
  const taken = tf.reshape(tf.gather(rows, tf.tensor1d(flat, "int32")), [...shape, ...rest]);
  return permute(tf, taken, outward({ shape, rest, at }));
}

/** Returns the order of axes of a result, from one that begins with those of the indices. */
function outward({ shape, rest, at }: Pick<Places, "shape" | "rest" | "at">): number[] {
  const ofIndex = shape.map((_, i) => i);
  const ofRest = rest.map((_, i) => shape.length + i);
  return [...ofRest.slice(0, at), ...ofIndex, ...ofRest.slice(at)];
}

function inverse(order: readonly number[]): number[] {
  return order.map((_, axis) => order.indexOf(axis));
}

/** Returns `x` with the entries at the given indices replaced, or with `values` added to them. */
function indexPut(
  tf: TensorFlow,
  x: Tensor,
  given: readonly (Tensor | null)[],
  { values, accumulate }: { values: Tensor; accumulate: boolean },
): Tensor {
  const { order, flat, size, shape, at, rest } = placesOf(tf, x, given);
  const out = outward({ shape, rest, at });
  const whole = [...shape, ...rest];
  const spread = expand(tf, toDtype(tf, values, x.dtype as Dtype), out.map((axis) => whole[axis]));
  const rows = tf.reshape(permute(tf, spread, inverse(out)), [flat.length, ...rest]);
  const base = tf.reshape(permute(tf, x, order), [size, ...rest]);
  const changed = scatterRows(tf, base, flat, { rows, accumulate });
  return permute(tf, tf.reshape(changed, order.map((axis) => x.shape[axis])), inverse(order));
}

/** Writes rows into a tensor at the given places, or adds them; the last of equal ones wins. */
function scatterRows(
  tf: TensorFlow,
  base: Tensor,
  places: Int32Array,
  { rows, accumulate }: { rows: Tensor; accumulate: boolean },
): Tensor {
  const { dtype } = base;
  const [x, added] = [base, rows].map((one) => toDtype(tf, one, "float32"));
  const size = x.shape[0];
  const lay = (rows: Tensor, at: Int32Array) =>
    at.length === 0
      ? tf.zerosLike(x)
      : tf.unsortedSegmentSum(rows, tf.tensor1d(at, "int32"), size) as Tensor;
  if (accumulate) return toDtype(tf, tf.add(x, lay(added, places)), dtype as Dtype);
  const last = new Map(Array.from(places, (place, i) => [place, i]));
  const kept = Int32Array.from(last.values());
  const winners = last.size === places.length
    ? added
    : tf.gather(added, tf.tensor1d(kept, "int32")) as Tensor;
  const own = last.size === places.length ? places : Int32Array.from(last.keys());
  const stays = new Float32Array(size).fill(1);
  for (const place of own) stays[place] = 0;
  const mask = tf.tensor(stays, x.shape.map((_, axis) => axis === 0 ? size : 1));
  return toDtype(tf, tf.add(tf.mul(x, mask), lay(winners, own)), dtype as Dtype);
}

/** Returns the place of each entry of an index in a tensor that it goes to along an axis. */
function placesAlong(x: Tensor, axis: number, index: Tensor): Int32Array {
  const strides = x.shape.map((_, i) => sizeOf(x.shape.slice(i + 1)));
  const own = indicesOf(index, x.shape[axis]);
  return own.map((at, i) => {
    let rest = i, place = 0;
    for (let k = index.rank - 1; k >= 0; k--) {
      const at_ = rest % index.shape[k];
      rest = Math.floor(rest / index.shape[k]);
      place += (k === axis ? at : at_) * strides[k];
    }
    return place;
  });
}

/** Returns the entries of `src` that an index of the same or a smaller shape reads. */
function cropTo(tf: TensorFlow, src: Tensor, shape: number[]): Tensor {
  return `${src.shape}` === `${shape}` ? src : tf.slice(src, shape.map(() => 0), shape);
}

function gather(tf: TensorFlow, x: Tensor, dim: number, index: Tensor): Tensor {
  if (x.rank === 0) return x;
  const axis = axisOf(dim, x.rank);
  const isWhole = index.shape.every((size, i) => i === axis || size === x.shape[i]);
  if (isWhole) {
    const own = tf.tensor(indicesOf(index, x.shape[axis]), index.shape, "int32");
    return pick(tf, x, axis, own);
  }
  const flat = tf.tensor1d(placesAlong(x, axis, index), "int32");
  return tf.reshape(tf.gather(tf.reshape(x, [x.size]), flat), index.shape);
}

function scatter(
  tf: TensorFlow,
  x: Tensor,
  { dim, index, src, accumulate }: {
    dim: number;
    index: Tensor;
    src: Tensor;
    accumulate: boolean;
  },
): Tensor {
  const places = placesAlong(x, axisOf(dim, x.rank), index);
  const rows = tf.reshape(cropTo(tf, src, index.shape), [places.length]);
  const base = tf.reshape(x, [x.size]);
  return tf.reshape(scatterRows(tf, base, places, { rows, accumulate }), x.shape);
}

/** Puts `source` at the given indices of an axis, or adds it there. */
function indexAlong(
  tf: TensorFlow,
  x: Tensor,
  { dim, index, source, accumulate }: {
    dim: number;
    index: Tensor;
    source: Tensor;
    accumulate: boolean;
  },
): Tensor {
  const indices = x.shape.map((_, axis) => axis === axisOf(dim, x.rank) ? index : null);
  return indexPut(tf, x, indices.slice(0, axisOf(dim, x.rank) + 1), { values: source, accumulate });
}

/** Returns the rows of a table. The row of the padding gets no gradient. */
function embedding(tf: TensorFlow, weight: Tensor, indices: Tensor, padding: number): Tensor {
  const rows = take(tf, weight, 0, indices);
  const row = padding < 0 ? padding + weight.shape[0]! : padding;
  if (padding === -1) return rows;
  const values = Array.from(indices.dataSync(), (at) => Number(at !== row));
  if (!values.includes(0)) return rows;
  const counts = tf.tensor(values, [...indices.shape, 1]);
  const constant = tf.tensor(rows.dataSync(), rows.shape);
  return tf.add(tf.mul(rows, counts), tf.mul(constant, tf.sub(1, counts)));
}

function maskedFill(tf: TensorFlow, x: Tensor, mask: Tensor, value: Tensor): Tensor {
  const filled = where(tf, mask, toDtype(tf, value, x.dtype as Dtype), x);
  return filled;
}

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

/** Returns the diagonal of two axes, as the last axis. */
function diagonal(
  tf: TensorFlow,
  x: Tensor,
  { offset, dim1, dim2 }: { offset: number; dim1: number; dim2: number },
): Tensor {
  const row = axisOf(dim1, x.rank), column = axisOf(dim2, x.rank);
  const rest = x.shape.map((_, axis) => axis).filter((axis) => axis !== row && axis !== column);
  const rows = x.shape[row], columns = x.shape[column];
  const first = Math.max(0, -offset), count = Math.min(rows - first, columns - Math.max(0, offset));
  const places = Array.from(
    { length: Math.max(0, count) },
    (_, i) => (first + i) * columns + first + i + offset,
  );
  const flat = tf.reshape(permute(tf, x, [...rest, row, column]), [
    ...rest.map((axis) => x.shape[axis]),
    rows * columns,
  ]);
  return tf.gather(flat, tf.tensor1d(places, "int32"), rest.length);
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

/** Reading and writing at indices, masks and triangles. */
export const INDEXING: readonly AtenOp[] = [
  aten(
    "embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor",
    ({ weight, indices, padding_idx }, { tf }) => embedding(tf, weight, indices, padding_idx),
  ),
  ...["index", "_unsafe_index"].map((name) =>
    aten(
      `${name}.Tensor(Tensor self, Tensor?[] indices) -> Tensor`,
      ({ self, indices }, { tf }) => index(tf, self, indices),
    )
  ),
  ...["index_put", "_unsafe_index_put"].map((name) =>
    aten(
      `${name}(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor`,
      ({ self, indices, values, accumulate }, { tf }) =>
        indexPut(tf, self, indices, { values, accumulate }),
    )
  ),
  aten(
    "index_select(Tensor self, int dim, Tensor index) -> Tensor",
    ({ self, dim, index }, { tf }) => take(tf, self, axisOf(dim, self.rank), index),
  ),
  aten(
    "index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor",
    ({ self, dim, index, source, alpha }, { tf }) => {
      const scaled = alpha === 1 ? source : tf.mul(source, alpha) as Tensor;
      return indexAlong(tf, self, { dim, index, source: scaled, accumulate: true });
    },
  ),
  aten(
    "index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor",
    ({ self, dim, index, source }, { tf }) =>
      indexAlong(tf, self, { dim, index, source, accumulate: false }),
  ),
  aten(
    "index_fill.int_Scalar(Tensor self, int dim, Tensor index, Scalar value) -> Tensor",
    ({ self, dim, index, value }, { tf }) => {
      const source = scalar(tf, value, self.dtype as Dtype);
      return indexAlong(tf, self, { dim, index, source, accumulate: false });
    },
  ),
  aten(
    "gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor",
    ({ self, dim, index }, { tf }) => gather(tf, self, dim, index),
  ),
  aten("take(Tensor self, Tensor index) -> Tensor", ({ self, index }, { tf }) => {
    return take(tf, tf.reshape(self, [self.size]), 0, index);
  }),
  aten(
    "take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor",
    ({ self, indices, dim }, { tf }) =>
      dim === null
        ? take(tf, tf.reshape(self, [self.size]), 0, tf.reshape(indices, [indices.size]))
        : gather(tf, self, dim, indices),
  ),
  aten(
    "scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor",
    ({ self, dim, index, src }, { tf }) =>
      scatter(tf, self, { dim, index, src, accumulate: false }),
  ),
  aten(
    "scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor",
    ({ self, dim, index, value }, { tf }) => {
      requireInt32(value, self.dtype as Dtype);
      const src = tf.fill(index.shape, value);
      return scatter(tf, self, { dim, index, src, accumulate: false });
    },
  ),
  aten(
    "scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor",
    ({ self, dim, index, src }, { tf }) => scatter(tf, self, { dim, index, src, accumulate: true }),
  ),
  aten(
    "masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor",
    ({ self, mask, value }, { tf }) => {
      requireInt32(value, self.dtype as Dtype);
      return maskedFill(tf, self, mask, tf.scalar(value, withScalar(self, value) as "float32"));
    },
  ),
  aten(
    "masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor",
    ({ self, mask, value }, { tf }) => maskedFill(tf, self, mask, value),
  ),
  aten("masked_select(Tensor self, Tensor mask) -> Tensor", ({ self, mask }, { tf }) => {
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(self.shape, mask.shape);
    return index(tf, expand(tf, self, shape), [expand(tf, mask, shape)]);
  }),
  aten(
    "masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor",
    ({ self, mask, source }, { tf }) => {
      const whole = expand(tf, mask, self.shape);
      const [places] = trueEntries(tf, tf.reshape(whole, [whole.size]));
      const values = tf.slice(tf.reshape(source, [source.size]), 0, places.size);
      const flat = indexPut(tf, tf.reshape(self, [self.size]), [places], {
        values,
        accumulate: false,
      });
      return tf.reshape(flat, self.shape);
    },
  ),
  aten(
    "select_scatter(Tensor self, Tensor src, int dim, SymInt index) -> Tensor",
    ({ self, src, dim, index }, { tf }) => {
      const axis = axisOf(dim, self.rank);
      const at = tf.tensor1d([index], "int32");
      const source = tf.reshape(src, self.shape.with(axis, 1));
      return indexAlong(tf, self, { dim: axis, index: at, source, accumulate: false });
    },
  ),
  aten(
    "slice_scatter(Tensor self, Tensor src, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor",
    ({ self, src, dim, start, end, step }, { tf }) => {
      const axis = axisOf(dim, self.rank);
      const all = tf.range(0, self.shape[axis], 1, "int32");
      const at = slice(tf, all, { axis: 0, start: start ?? 0, end: end ?? Infinity, step });
      return indexAlong(tf, self, { dim: axis, index: at, source: src, accumulate: false });
    },
  ),
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
    ({ self, offset, dim1, dim2 }, { tf }) => {
      const size = self.shape.at(-1)! + Math.abs(offset);
      const places = Int32Array.from(
        { length: self.shape.at(-1)! },
        (_, i) => (i + Math.max(0, -offset)) * size + i + Math.max(0, offset),
      );
      const outer = self.shape.slice(0, -1);
      const rows = tf.transpose(tf.reshape(self, [-1, places.length]));
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
    },
  ),
  aten(
    "bucketize.Tensor(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor",
    ({ self, boundaries, right }, { tf }) => bucketize(tf, self, { boundaries, right }),
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
