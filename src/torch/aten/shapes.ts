import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../words/input_error.ts";
import type { AtenOp } from "./aten_op.ts";
import { axesOf, axisOf, exchange, sizeOf } from "./axes.ts";
import { type Dtype, dtypeOf, promoted, toDtype } from "./dtypes.ts";
import { aten } from "./schema.ts";

/** Returns the same tensor under another name, for what has no effect here. */
const unchanged = ({ self }: { self: Tensor }): Tensor => self;

/** Returns the entries in another shape, in which one size may be -1. */
export function reshape(tf: TensorFlow, x: Tensor, shape: readonly number[]): Tensor {
  const known = sizeOf(shape.filter((size) => size !== -1));
  const full = shape.map((size) => size === -1 ? x.size / known : size);
  if (sizeOf(full) !== x.size || full.some((size) => !Number.isInteger(size))) {
    throw new InputError({
      place: "A shape",
      found: `[${shape.join(", ")}]`,
      expected: `one of ${x.size} entries, as [${x.shape.join(", ")}] has`,
    });
  }
  return tf.reshape(x, full);
}

function flatten(tf: TensorFlow, x: Tensor, start: number, end: number): Tensor {
  const first = axisOf(start, x.rank), last = axisOf(end, x.rank);
  if (x.rank === 0) return tf.reshape(x, [1]);
  const merged = sizeOf(x.shape.slice(first, last + 1));
  return tf.reshape(x, x.shape.toSpliced(first, last - first + 1, merged));
}

function unflatten(tf: TensorFlow, x: Tensor, dim: number, sizes: readonly number[]): Tensor {
  const axis = axisOf(dim, x.rank);
  const known = sizeOf(sizes.filter((size) => size !== -1));
  const full = sizes.map((size) => size === -1 ? x.shape[axis] / known : size);
  return reshape(tf, x, x.shape.toSpliced(axis, 1, ...full));
}

/** Removes axes of size 1; others stay. */
function squeeze(tf: TensorFlow, x: Tensor, dims: readonly number[] | null): Tensor {
  const axes = dims === null ? axesOf(null, x.rank) : dims.map((dim) => axisOf(dim, x.rank));
  return tf.reshape(x, x.shape.filter((size, axis) => size !== 1 || !axes.includes(axis)));
}

/** Adds an axis of size 1. */
export function unsqueeze(tf: TensorFlow, x: Tensor, dim: number): Tensor {
  return tf.reshape(x, x.shape.toSpliced(axisOf(dim, x.rank + 1), 0, 1));
}

/** Exchanges two axes. */
export function transpose(tf: TensorFlow, x: Tensor, dim0: number, dim1: number): Tensor {
  const a = axisOf(dim0, x.rank), b = axisOf(dim1, x.rank);
  return a === b ? x : permute(tf, x, exchange(x.rank, a, b));
}

/** Puts axes into another order; if only axes of size 1 move, no entry does. */
export function permute(tf: TensorFlow, x: Tensor, dims: readonly number[]): Tensor {
  const order = dims.map((dim) => axisOf(dim, x.rank));
  const moved = order.filter((axis) => x.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > moved[i - 1])) {
    return tf.reshape(x, order.map((axis) => x.shape[axis]));
  }
  return tf.transpose(x, order);
}

function moveAxes(
  tf: TensorFlow,
  x: Tensor,
  source: readonly number[],
  destination: readonly number[],
): Tensor {
  const from = source.map((dim) => axisOf(dim, x.rank));
  const to = destination.map((dim) => axisOf(dim, x.rank));
  const rest = axesOf(null, x.rank).filter((axis) => !from.includes(axis));
  const order = x.shape.map((_, axis) => {
    const at = to.indexOf(axis);
    return at < 0 ? rest.shift()! : from[at];
  });
  return permute(tf, x, order);
}

/** Repeats axes of size 1; -1 keeps a size. */
export function expand(tf: TensorFlow, x: Tensor, size: readonly number[]): Tensor {
  const missing = size.length - x.rank;
  const shape = size.map((length, axis) => length === -1 ? x.shape[axis - missing] : length);
  if (x.dtype !== "bool") return tf.broadcastTo(x, shape);
  return toDtype(tf, tf.broadcastTo(toDtype(tf, x, "int32"), shape), "bool");
}

function repeat(tf: TensorFlow, x: Tensor, repeats: readonly number[]): Tensor {
  const missing = repeats.length - x.rank;
  const whole = tf.reshape(x, [...new Array<number>(missing).fill(1), ...x.shape]);
  return tf.tile(whole, [...repeats]);
}

function repeatInterleave(
  tf: TensorFlow,
  x: Tensor,
  repeats: readonly number[],
  dim: number | null,
) {
  const whole = dim === null ? tf.reshape(x, [x.size]) : x;
  const axis = dim === null ? 0 : axisOf(dim, x.rank);
  const size = whole.shape[axis];
  const indices = Array.from(
    { length: size },
    (_, i) => new Array<number>(repeats[repeats.length === 1 ? 0 : i]).fill(i),
  ).flat();
  return tf.gather(whole, tf.tensor1d(indices, "int32"), axis);
}

/** Concatenates tensors, promoted to one dtype. Empty tensors of rank 1 are left out. */
export function concatenate(tf: TensorFlow, tensors: readonly Tensor[], dim: number): Tensor {
  const rank = Math.max(...tensors.map(({ rank }) => rank));
  const own = tensors.filter((tensor) => tensor.rank === rank || tensor.size > 0);
  const parts = promoted(tf, ...own);
  return parts.length === 1 ? parts[0] : tf.concat(parts, axisOf(dim, rank));
}

/** Returns the entries `start` .. `end` of an axis, each `step`. */
export function slice(
  tf: TensorFlow,
  x: Tensor,
  { axis, start, end, step = 1 }: { axis: number; start: number; end: number; step?: number },
): Tensor {
  const size = x.shape[axis];
  const from = clampIndex(start, size), to = Math.max(from, clampIndex(end, size));
  if (from === 0 && to === size && step === 1) return x;
  if (step !== 1) {
    const count = Math.ceil((to - from) / step);
    const indices = Array.from({ length: count }, (_, i) => from + i * step);
    return tf.gather(x, tf.tensor1d(indices, "int32"), axis);
  }
  const begin = x.shape.map((_, i) => i === axis ? from : 0);
  return tf.slice(x, begin, x.shape.with(axis, to - from));
}

function clampIndex(index: number, size: number): number {
  return Math.min(size, Math.max(0, index < 0 ? index + size : index));
}

/** Returns one entry of an axis, without the axis. */
export function select(tf: TensorFlow, x: Tensor, dim: number, index: number): Tensor {
  const axis = axisOf(dim, x.rank), size = x.shape[axis];
  if (index < -size || index >= size) {
    throw new InputError({
      place: "index",
      found: String(index),
      expected: `${-size} to ${size - 1}`,
    });
  }
  const start = index < 0 ? index + size : index;
  return tf.reshape(slice(tf, x, { axis, start, end: start + 1 }), x.shape.toSpliced(axis, 1));
}

/** Splits an axis into parts of the given sizes. */
function splitSizes(tf: TensorFlow, x: Tensor, sizes: readonly number[], dim: number): Tensor[] {
  const axis = axisOf(dim, x.rank);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== x.shape[axis]) {
    throw new InputError({
      place: "The sum of split_sizes",
      found: String(total),
      expected: String(x.shape[axis]),
    });
  }
  let end = 0;
  return sizes.map((size) => {
    const start = end;
    end += size;
    return slice(tf, x, { axis, start, end });
  });
}

/** Splits an axis into parts of one size; the last may be smaller. */
function splitEvery(tf: TensorFlow, x: Tensor, size: number, dim: number): Tensor[] {
  const length = x.shape[axisOf(dim, x.rank)];
  const count = Math.max(1, Math.ceil(length / Math.max(1, size)));
  const sizes = Array.from({ length: count }, (_, i) => Math.min(size, length - i * size));
  return splitSizes(tf, x, sizes, dim);
}

function splitSections(tf: TensorFlow, x: Tensor, sections: number, dim: number): Tensor[] {
  const length = x.shape[axisOf(dim, x.rank)];
  const more = length % sections, size = Math.floor(length / sections);
  const sizes = Array.from({ length: sections }, (_, i) => i < more ? size + 1 : size);
  return splitSizes(tf, x, sizes, dim);
}

function splitAt(tf: TensorFlow, x: Tensor, indices: readonly number[], dim: number): Tensor[] {
  const axis = axisOf(dim, x.rank);
  return [0, ...indices].map((start, i) =>
    slice(tf, x, { axis, start, end: indices[i] ?? x.shape[axis] })
  );
}

const chunk = (tf: TensorFlow, x: Tensor, chunks: number, dim: number) =>
  splitEvery(tf, x, Math.ceil(x.shape[axisOf(dim, x.rank)] / chunks), dim);

/** Moves entries along axes; those that leave one end enter at the other. */
function roll(
  tf: TensorFlow,
  x: Tensor,
  shifts: readonly number[],
  dims: readonly number[],
): Tensor {
  if (dims.length === 0) {
    return tf.reshape(roll(tf, tf.reshape(x, [x.size]), shifts, [0]), x.shape);
  }
  return dims.reduce((rolled: Tensor, dim, i) => {
    const axis = axisOf(dim, x.rank), size = x.shape[axis];
    const shift = size === 0 ? 0 : ((shifts[i] % size) + size) % size;
    if (shift === 0) return rolled;
    const at = size - shift;
    const head = slice(tf, rolled, { axis, start: 0, end: at });
    return tf.concat([slice(tf, rolled, { axis, start: at, end: size }), head], axis);
  }, x);
}

const flip = (tf: TensorFlow, x: Tensor, dims: readonly number[]) =>
  dims.length === 0 ? x : tf.reverse(x, dims.map((dim) => axisOf(dim, x.rank)));

function broadcastAll(tf: TensorFlow, tensors: readonly Tensor[]): Tensor[] {
  const shape = tensors.reduce(
    (shape: number[], tensor) => tf.broadcast_util.assertAndGetBroadcastShape(shape, tensor.shape),
    [],
  );
  return tensors.map((tensor) => expand(tf, tensor, shape));
}

function meshgrid(tf: TensorFlow, tensors: readonly Tensor[], indexing: string): Tensor[] {
  const grids = broadcastAll(
    tf,
    tensors.map((tensor, axis) => tf.reshape(tensor, tensors.map((_, i) => i === axis ? -1 : 1))),
  );
  return indexing === "xy" ? grids.map((grid) => transpose(tf, grid, 0, 1)) : grids;
}

/** Shapes, orders of axes, parts and joins of tensors, and their dtypes. */
export const SHAPE_OPS: readonly AtenOp[] = [
  ...[
    "alias",
    "detach_copy",
    "lift",
    "lift_fresh",
    "lift_fresh_copy",
    "resolve_conj",
    "resolve_neg",
  ]
    .map((name) => aten(`${name}(Tensor self) -> Tensor`, unchanged)),
  aten("detach(Tensor self) -> Tensor", ({ self }, { tf }) => {
    return tf.tensor(self.dataSync(), self.shape, self.dtype as "float32");
  }),
  aten("contiguous(Tensor self, *, MemoryFormat memory_format=0) -> Tensor", unchanged),
  aten("clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor", unchanged),
  aten(
    "to.dtype(Tensor self, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor",
    ({ self, dtype }, { tf }) => toDtype(tf, self, dtypeOf(dtype)),
  ),
  aten(
    "to.device(Tensor self, Device device, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor",
    ({ self, dtype }, { tf }) => toDtype(tf, self, dtypeOf(dtype)),
  ),
  aten(
    "to.other(Tensor self, Tensor other, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor",
    ({ self, other }, { tf }) => toDtype(tf, self, other.dtype as Dtype),
  ),
  aten(
    "to.dtype_layout(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor",
    ({ self, dtype }, { tf }) => toDtype(tf, self, dtypeOf(dtype, self.dtype as Dtype)),
  ),
  aten(
    "_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor",
    ({ self, dtype }, { tf }) => toDtype(tf, self, dtypeOf(dtype, self.dtype as Dtype)),
  ),
  aten(
    "type_as(Tensor self, Tensor other) -> Tensor",
    ({ self, other }, { tf }) => toDtype(tf, self, other.dtype as Dtype),
  ),
  ...["view", "_unsafe_view"].map((name) =>
    aten(
      `${name}(Tensor self, SymInt[] size) -> Tensor`,
      ({ self, size }, { tf }) => reshape(tf, self, size),
    )
  ),
  aten(
    "reshape(Tensor self, SymInt[] shape) -> Tensor",
    ({ self, shape }, { tf }) => reshape(tf, self, shape),
  ),
  aten(
    "_reshape_alias(Tensor self, SymInt[] size, SymInt[] stride) -> Tensor",
    ({ self, size }, { tf }) => reshape(tf, self, size),
  ),
  ...["view_as", "reshape_as"].map((name) =>
    aten(
      `${name}(Tensor self, Tensor other) -> Tensor`,
      ({ self, other }, { tf }) => reshape(tf, self, other.shape),
    )
  ),
  aten("ravel(Tensor self) -> Tensor", ({ self }, { tf }) => tf.reshape(self, [self.size])),
  aten(
    "flatten.using_ints(Tensor self, int start_dim=0, int end_dim=-1) -> Tensor",
    ({ self, start_dim, end_dim }, { tf }) => flatten(tf, self, start_dim, end_dim),
  ),
  aten(
    "unflatten.int(Tensor self, int dim, SymInt[] sizes) -> Tensor",
    ({ self, dim, sizes }, { tf }) => unflatten(tf, self, dim, sizes),
  ),
  aten("squeeze(Tensor self) -> Tensor", ({ self }, { tf }) => squeeze(tf, self, null)),
  aten(
    "squeeze.dim(Tensor self, int dim) -> Tensor",
    ({ self, dim }, { tf }) => squeeze(tf, self, [dim]),
  ),
  aten(
    "squeeze.dims(Tensor self, int[] dim) -> Tensor",
    ({ self, dim }, { tf }) => squeeze(tf, self, dim),
  ),
  aten(
    "unsqueeze(Tensor self, int dim) -> Tensor",
    ({ self, dim }, { tf }) => unsqueeze(tf, self, dim),
  ),
  ...["transpose.int", "swapdims"].map((name) =>
    aten(
      `${name}(Tensor self, int dim0, int dim1) -> Tensor`,
      ({ self, dim0, dim1 }, { tf }) => transpose(tf, self, dim0, dim1),
    )
  ),
  aten(
    "swapaxes(Tensor self, int axis0, int axis1) -> Tensor",
    ({ self, axis0, axis1 }, { tf }) => transpose(tf, self, axis0, axis1),
  ),
  aten(
    "t(Tensor self) -> Tensor",
    ({ self }, { tf }) => self.rank < 2 ? self : transpose(tf, self, 0, 1),
  ),
  aten("mT(Tensor self) -> Tensor", ({ self }, { tf }) => transpose(tf, self, -2, -1)),
  aten(
    "numpy_T(Tensor self) -> Tensor",
    ({ self }, { tf }) => permute(tf, self, axesOf(null, self.rank).toReversed()),
  ),
  ...["movedim", "moveaxis"].flatMap((name) => [
    aten(
      `${name}.int(Tensor self, int source, int destination) -> Tensor`,
      ({ self, source, destination }, { tf }) => moveAxes(tf, self, [source], [destination]),
    ),
    aten(
      `${name}.intlist(Tensor self, int[] source, int[] destination) -> Tensor`,
      ({ self, source, destination }, { tf }) => moveAxes(tf, self, source, destination),
    ),
  ]),
  aten(
    "permute(Tensor self, int[] dims) -> Tensor",
    ({ self, dims }, { tf }) => permute(tf, self, dims),
  ),
  aten(
    "expand(Tensor self, SymInt[] size, *, bool implicit=False) -> Tensor",
    ({ self, size }, { tf }) => expand(tf, self, size),
  ),
  aten(
    "broadcast_to(Tensor self, SymInt[] size) -> Tensor",
    ({ self, size }, { tf }) => expand(tf, self, size),
  ),
  aten(
    "expand_as(Tensor self, Tensor other) -> Tensor",
    ({ self, other }, { tf }) => expand(tf, self, other.shape),
  ),
  aten(
    "broadcast_tensors(Tensor[] tensors) -> Tensor[]",
    ({ tensors }, { tf }) => broadcastAll(tf, tensors),
  ),
  aten(
    "meshgrid(Tensor[] tensors) -> Tensor[]",
    ({ tensors }, { tf }) => meshgrid(tf, tensors, "ij"),
  ),
  aten(
    "meshgrid.indexing(Tensor[] tensors, *, str indexing) -> Tensor[]",
    ({ tensors, indexing }, { tf }) => meshgrid(tf, tensors, indexing),
  ),
  aten(
    "repeat(Tensor self, SymInt[] repeats) -> Tensor",
    ({ self, repeats }, { tf }) => repeat(tf, self, repeats),
  ),
  aten("tile(Tensor self, SymInt[] dims) -> Tensor", ({ self, dims }, { tf }) => {
    const missing = Math.max(0, self.rank - dims.length);
    return repeat(tf, self, [...new Array<number>(missing).fill(1), ...dims]);
  }),
  aten(
    "repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor",
    ({ self, repeats, dim }, { tf }) => repeatInterleave(tf, self, [repeats], dim),
  ),
  aten(
    "repeat_interleave.self_Tensor(Tensor self, Tensor repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor",
    ({ self, repeats, dim }, { tf }) =>
      repeatInterleave(tf, self, Array.from(repeats.dataSync()), dim),
  ),
  ...["cat", "concat", "concatenate"].map((name) =>
    aten(
      `${name}(Tensor[] tensors, int dim=0) -> Tensor`,
      ({ tensors, dim }, { tf }) => concatenate(tf, tensors, dim),
    )
  ),
  aten("stack(Tensor[] tensors, int dim=0) -> Tensor", ({ tensors, dim }, { tf }) => {
    return concatenate(tf, tensors.map((tensor) => unsqueeze(tf, tensor, dim)), dim);
  }),
  aten("hstack(Tensor[] tensors) -> Tensor", ({ tensors }, { tf }) => {
    return concatenate(tf, tensors, tensors[0].rank < 2 ? 0 : 1);
  }),
  aten("vstack(Tensor[] tensors) -> Tensor", ({ tensors }, { tf }) => {
    const rows = tensors.map((one) => one.rank < 2 ? tf.reshape(one, [1, one.size]) : one);
    return concatenate(tf, rows, 0);
  }),
  ...["split.Tensor", "unsafe_split.Tensor"].map((name) =>
    aten(
      `${name}(Tensor self, SymInt split_size, int dim=0) -> Tensor[]`,
      ({ self, split_size, dim }, { tf }) => splitEvery(tf, self, split_size, dim),
    )
  ),
  aten(
    "split.sizes(Tensor self, SymInt[] split_size, int dim=0) -> Tensor[]",
    ({ self, split_size, dim }, { tf }) => splitSizes(tf, self, split_size, dim),
  ),
  aten(
    "split_with_sizes(Tensor self, SymInt[] split_sizes, int dim=0) -> Tensor[]",
    ({ self, split_sizes, dim }, { tf }) => splitSizes(tf, self, split_sizes, dim),
  ),
  ...["chunk", "unsafe_chunk"].map((name) =>
    aten(
      `${name}(Tensor self, int chunks, int dim=0) -> Tensor[]`,
      ({ self, chunks, dim }, { tf }) => chunk(tf, self, chunks, dim),
    )
  ),
  aten(
    "tensor_split.sections(Tensor self, SymInt sections, int dim=0) -> Tensor[]",
    ({ self, sections, dim }, { tf }) => splitSections(tf, self, sections, dim),
  ),
  aten(
    "tensor_split.indices(Tensor self, SymInt[] indices, int dim=0) -> Tensor[]",
    ({ self, indices, dim }, { tf }) => splitAt(tf, self, indices, dim),
  ),
  aten(
    "unbind.int(Tensor self, int dim=0) -> Tensor[]",
    ({ self, dim }, { tf }) => tf.unstack(self, axisOf(dim, self.rank)),
  ),
  aten(
    "select.int(Tensor self, int dim, SymInt index) -> Tensor",
    ({ self, dim, index }, { tf }) => select(tf, self, dim, index),
  ),
  aten(
    "slice.Tensor(Tensor self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor",
    ({ self, dim, start, end, step }, { tf }) =>
      slice(tf, self, {
        axis: axisOf(dim, self.rank),
        start: start ?? 0,
        end: end ?? Infinity,
        step,
      }),
  ),
  aten(
    "narrow(Tensor self, int dim, SymInt start, SymInt length) -> Tensor",
    ({ self, dim, start, length }, { tf }) => {
      const axis = axisOf(dim, self.rank);
      const from = start < 0 ? start + self.shape[axis] : start;
      return slice(tf, self, { axis, start: from, end: from + length });
    },
  ),
  aten(
    "flip(Tensor self, int[] dims) -> Tensor",
    ({ self, dims }, { tf }) => flip(tf, self, dims),
  ),
  aten("fliplr(Tensor self) -> Tensor", ({ self }, { tf }) => flip(tf, self, [1])),
  aten("flipud(Tensor self) -> Tensor", ({ self }, { tf }) => flip(tf, self, [0])),
  aten(
    "roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor",
    ({ self, shifts, dims }, { tf }) => roll(tf, self, shifts, dims),
  ),
  aten(
    "_assert_tensor_metadata(Tensor a, SymInt[]? size=None, SymInt[]? stride=None, ScalarType? dtype=None, *, Device? device=None, Layout? layout=None) -> ()",
    () => null,
  ),
];
