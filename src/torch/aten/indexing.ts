import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { alongAxis, type AtenOp, axisOf, sizeOf } from "./aten_op.ts";
import { where } from "./arithmetic.ts";
import { type Dtype, requireInt32, scalar, toDtype, withScalar } from "./dtypes.ts";
import { differentiate } from "./host.ts";
import { pick, vectorNorm } from "./reductions.ts";
import { slice } from "./parts.ts";
import { expand, permute } from "./shapes.ts";
import { aten } from "./schema.ts";

/** Returns indices counted from 0, rejecting those outside of an axis. */
export function indicesOf(index: Tensor, size: number): Int32Array {
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
export function scatterRows(
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
  const isWritten = new Uint8Array(size);
  for (const place of own) isWritten[place] = 1;
  const mask = tf.broadcastTo(tf.tensor(isWritten, alongAxis(x.rank, 0, size), "bool"), x.shape);
  // A base of -Infinity times 0 would be NaN.
  return toDtype(tf, where(tf, mask, lay(winners, own), x), dtype as Dtype);
}

/** Returns the place of each entry of an index in a tensor that it goes to along an axis. */
export function placesAlong(x: Tensor, axis: number, index: Tensor): Int32Array {
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
export function cropTo(tf: TensorFlow, src: Tensor, shape: number[]): Tensor {
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

/** Gathers along an axis; the other axes broadcast. */
function takeAlong(tf: TensorFlow, x: Tensor, axis: number, index: Tensor): Tensor {
  const ofX = x.shape.with(axis, 1), ofIndex = index.shape.with(axis, 1);
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(ofX, ofIndex);
  const whole = expand(tf, x, shape.with(axis, x.shape[axis]));
  return gather(tf, whole, axis, expand(tf, index, shape.with(axis, index.shape[axis])));
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

/**
 * Returns factors of the gradients of rows that are read: 0 for the row of the padding, and, if they
 * are scaled by frequency, 1 / n for one that is read n times.
 */
function factorsOf(
  rows: Int32Array,
  { padding, byFrequency }: { padding: number | null; byFrequency: boolean },
): number[] {
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1);
  return Array.from(rows, (row) => {
    if (row === padding) return 0;
    return byFrequency ? 1 / counts.get(row)! : 1;
  });
}

/** Returns rows, read from a table, whose gradients are multiplied by a factor each. */
function withFactors(tf: TensorFlow, rows: Tensor, factors: readonly number[]): Tensor {
  if (factors.every((factor) => factor === 1)) return rows;
  const shape = [...rows.shape.slice(0, -1), 1];
  return differentiate(tf, [rows], {
    forward: (rows) => tf.clone(rows),
    backward: [(dy) => tf.mul(dy, tf.tensor([...factors], shape))],
  });
}

/** Returns the rows of a table. The row of the padding gets no gradient; -1 means none. */
function embedding(
  tf: TensorFlow,
  weight: Tensor,
  indices: Tensor,
  { padding, byFrequency }: { padding: number; byFrequency: boolean },
): Tensor {
  const count = weight.shape[0]!;
  const left = padding < 0 ? padding + count : padding;
  const factors = factorsOf(indicesOf(indices, count), {
    padding: padding === -1 ? null : left,
    byFrequency,
  });
  return withFactors(tf, take(tf, weight, 0, indices), factors);
}

function maskedFill(tf: TensorFlow, x: Tensor, mask: Tensor, value: Tensor): Tensor {
  return where(tf, mask, toDtype(tf, value, x.dtype as Dtype), x);
}

/** Arguments of a sum over bags, by PyTorch's names. */
interface Bags {
  indices: Tensor;
  offsets: Tensor;
  scale_grad_by_freq: boolean;
  mode: number;
  per_sample_weights: Tensor | null;
  include_last_offset: boolean;
  /** Row that is left out, counted from the end if negative. */
  padding_idx?: number | null;
}

/** Sums, means (1) or largest entries (2) of the rows of a table, bag by bag. */
function embeddingBag(
  tf: TensorFlow,
  weight: Tensor,
  { indices, offsets, include_last_offset, mode, per_sample_weights: weights, ...rest }: Bags,
): Tensor[] {
  const all = indicesOf(indices, weight.shape[0]!);
  const [padding] = rest.padding_idx == null ? [null] : indicesOf(
    tf.scalar(rest.padding_idx, "int32"),
    weight.shape[0]!,
  );
  const starts = [...offsets.dataSync()].slice(0, include_last_offset ? -1 : undefined);
  const bagOf = Array.from(all, (_, at) => starts.findLastIndex((start) => start <= at));
  const kept = Array.from(all, (_, at) => at).filter((at) => all[at] !== padding);
  const bags = kept.map((at) => bagOf[at]), count = starts.length;
  const places = tf.tensor1d(kept.map((at) => all[at]), "int32");
  const factors = factorsOf(all, { padding, byFrequency: rest.scale_grad_by_freq && mode !== 2 });
  const gathered = tf.gather(weight, places) as Tensor;
  const taken = withFactors(tf, gathered, kept.map((at) => factors[at]));
  const rows = weights === null
    ? taken
    : tf.mul(taken, tf.reshape(tf.gather(weights, tf.tensor1d(kept, "int32")), [-1, 1]));
  const sizes = starts.map(() => 0);
  for (const bag of bags) sizes[bag]++;
  const extra = [tf.tensor1d(bagOf, "int32")];
  extra.push(tf.tensor1d(sizes, "int32"), tf.zeros([0], "int32"));
  if (mode === 2) {
    const parts = tf.split(rows, sizes).map((part) =>
      part.shape[0] === 0 ? tf.zeros([weight.shape[1]!]) : tf.max(part, 0)
    );
    return [tf.stack(parts), ...extra];
  }
  const sums = tf.unsortedSegmentSum(rows, tf.tensor1d(bags, "int32"), count) as Tensor;
  if (mode === 0) return [sums, ...extra];
  const divisors = tf.tensor2d(sizes.map((size) => [Math.max(1, size)]));
  return [tf.div(sums, divisors), ...extra];
}

/** Reading and writing at indices, masks and triangles. */
export const INDEXING: readonly AtenOp[] = [
  aten(
    "embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor",
    ({ weight, indices, padding_idx, scale_grad_by_freq }, { tf }) =>
      embedding(tf, weight, indices, { padding: padding_idx, byFrequency: scale_grad_by_freq }),
  ),
  aten(
    "embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False) -> (Tensor, Tensor, Tensor, Tensor)",
    ({ weight, ...bags }, { tf }) => embeddingBag(tf, weight, bags),
  ),
  aten(
    "embedding_bag.padding_idx(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq, int mode, bool sparse, Tensor? per_sample_weights, bool include_last_offset, int? padding_idx) -> (Tensor, Tensor, Tensor, Tensor)",
    ({ weight, ...bags }, { tf }) => embeddingBag(tf, weight, bags),
  ),
  aten(
    "embedding_renorm(Tensor self, Tensor indices, float max_norm, float norm_type) -> Tensor",
    ({ self, indices, max_norm, norm_type }, { tf }) => {
      const read = new Set(indicesOf(indices, self.shape[0]!));
      const norms = vectorNorm(tf, self, norm_type, { dim: 1 }).dataSync();
      const factors = Array.from(
        norms,
        (norm, row) => read.has(row) && norm > max_norm ? max_norm / (norm + 1e-7) : 1,
      );
      return tf.mul(self, tf.tensor2d(factors, [factors.length, 1]));
    },
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
        : takeAlong(tf, self, axisOf(dim, self.rank), indices),
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
];
