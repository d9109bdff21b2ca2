import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { alongAxis, type AtenOp, axesOf, axisOf, exchange, sizeOf } from "./aten_op.ts";
import { type Dtype, dtypeOf, toDtype } from "./dtypes.ts";
import { differentiate } from "./host.ts";
import { aten } from "./schema.ts";

/** Returns the same tensor under another name, for what has no effect here. */
const unchanged = ({ self }: { self: Tensor }): Tensor => self;

/** Returns the entries in another shape, in which one size may be -1. */
function reshape(tf: TensorFlow, x: Tensor, shape: readonly number[]): Tensor {
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
    tensors.map((tensor, axis) => tf.reshape(tensor, alongAxis(tensors.length, axis, -1))),
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
    "real",
    "conj",
    "resolve_conj",
    "resolve_neg",
  ]
    .map((name) => aten(`${name}(Tensor self) -> Tensor`, unchanged)),
  aten("detach(Tensor self) -> Tensor", ({ self }, { tf }) => {
    if (self.dtype !== "float32") return self;
    return differentiate(tf, [self], {
      forward: (x) => tf.clone(x),
      backward: [(dy) => tf.zerosLike(dy)],
    });
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
  ...["mT", "mH", "matrix_H", "adjoint"].map((name) =>
    aten(`${name}(Tensor self) -> Tensor`, ({ self }, { tf }) => transpose(tf, self, -2, -1))
  ),
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
  aten("item(Tensor self) -> Scalar", ({ self }) => Number(self.dataSync()[0])),
  aten("_local_scalar_dense(Tensor self) -> Scalar", ({ self }) => Number(self.dataSync()[0])),
  aten(
    "sym_size.int(Tensor self, int dim) -> SymInt",
    ({ self, dim }) => self.shape[axisOf(dim, self.rank)],
  ),
  aten("sym_numel(Tensor self) -> SymInt", ({ self }) => self.size),
  aten(
    "_assert_tensor_metadata(Tensor a, SymInt[]? size=None, SymInt[]? stride=None, ScalarType? dtype=None, *, Device? device=None, Layout? layout=None) -> ()",
    () => null,
  ),
];
