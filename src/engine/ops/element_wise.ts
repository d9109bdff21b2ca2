import type { DataType, TensorInfo } from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import {
  defineOp,
  defineSweepGradient,
  hasNonFinite,
  type KernelFactory,
  type OpRepair,
} from "./define_op.ts";
import { stockOfFewAxes } from "./transpose.ts";

/** Returns true if a shape equals the last axes of another, so that it is added to each row. */
function isRowOf({ shape }: TensorInfo, x: TensorInfo): boolean {
  const missing = x.shape.length - shape.length;
  return missing >= 0 && shape.every((size, axis) => size === x.shape[missing + axis]);
}

/**
 * `Add`, used by every bias, every skip connection, and wherever gradients meet. The stock op runs
 * on one thread, and resolves broadcasting for every entry. Here floats of equal shape, or a row
 * added to each row, take one sweep that threads share; everything else goes to the stock op.
 */
const addKernel = defineOp<unknown, { a: TensorInfo; b: TensorInfo }>(
  "Add",
  (context, { a, b }) => {
    const { tf, backend, native, address } = context;
    const [x, row] = a.shape.length < b.shape.length ? [b, a] : [a, b];
    if (a.dtype !== "float32" || b.dtype !== "float32" || !isRowOf(row, x)) {
      return stockOfFewAxes(context, "Add", { a, b });
    }
    const result = backend.makeOutput(x.shape, "float32");
    const count = tf.util.sizeFromShape(x.shape), width = tf.util.sizeFromShape(row.shape);
    if (count === 0) return result;
    if (count === width) native.add(address(x), address(row), address(result), count);
    else native.addRow(address(x), address(row), address(result), { rows: count / width, width });
    return result;
  },
);

/** Ops and gradients that this file installs. */
export const addRepair: OpRepair = { kernels: [addKernel] };

/**
 * `Cast`. To `bool` the stock op stores the integer part modulo 256, so 0.5 and 256 become false.
 * Here every entry that is not 0 becomes true, NaN too. If the type stays the same, as in each
 * gradient of a cast, the stock op copies the entries; here they are shared. Others go to the stock
 * op.
 */
const castKernel = defineOp<{ dtype: DataType }>("Cast", (context, { x }, attrs) => {
  const { dtype } = attrs;
  if (dtype === x.dtype) return context.run("Identity", { x });
  if (dtype !== "bool") return context.stock("Cast", { x }, attrs);
  const output = context.backend.makeOutput(x.shape, dtype);
  const from = context.backend.typedArrayFromHeap(x);
  const to = context.backend.typedArrayFromHeap(output);
  for (let i = 0; i < to.length; i++) to[i] = from[i] !== 0 ? 1 : 0;
  return output;
});

/**
 * `Identity`, used by every `clone`: the stock op copies the entries, 81 times in a gradient of ten
 * dense layers. Tensors are immutable, so here the clone shares them, as on the `cpu` backend.
 */
const identityKernel = defineOp<unknown>("Identity", ({ backend }, { x }) => {
  backend.incRef(x.dataId);
  return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
});

/** Ops and gradients that this file installs. */
export const castRepair: OpRepair = { kernels: [castKernel, identityKernel] };

/**
 * Returns, for each entry of an array of shape `to`, the offset of its entry in an array of shape
 * `from` that is broadcast: missing leading axes and axes of size 1 repeat.
 */
export function broadcastOffsets(from: readonly number[], to: readonly number[]): Int32Array {
  const missing = to.length - from.length;
  let offsets = new Int32Array(1);
  to.forEach((size, axis) => {
    const own = axis < missing ? 1 : from[axis - missing];
    const next = new Int32Array(offsets.length * size);
    for (let k = 0; k < offsets.length; k++) {
      const start = offsets[k] * own;
      for (let i = 0; i < size; i++) next[k * size + i] = own === 1 ? start : start + i;
    }
    offsets = next;
  });
  return offsets;
}

/**
 * Sums a gradient over the axes along which an input was broadcast, so that it has the input's
 * shape again.
 */
export function reduceLike(tf: TensorFlow, gradient: Tensor, shape: readonly number[]): Tensor {
  const missing = gradient.rank - shape.length;
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < missing || (shape[axis - missing] === 1 && size !== 1) ? [axis] : []
  );
  return axes.length === 0 ? gradient : tf.reshape(tf.sum(gradient, axes), [...shape]);
}

/** Attributes of `OneHot`. */
interface OneHotAttributes {
  depth: number;
  onValue: number;
  offValue: number;
  dtype: DataType;
}

/**
 * `OneHot`. The stock op writes 32-bit integers for any requested type: nonsense as `float32`, and
 * past the end of its buffer as `bool`. Here entries have the requested type; an index outside `[0,
 * depth)` gives a row of `offValue`.
 */
const oneHotKernel = defineOp<OneHotAttributes>(
  "OneHot",
  (context, { indices }, { depth, onValue, offValue, dtype }) => {
    const output = context.backend.makeOutput([...indices.shape, depth], dtype);
    const from = context.backend.typedArrayFromHeap(indices);
    const to = context.backend.typedArrayFromHeap(output);
    to.fill(offValue);
    from.forEach((index, row) => {
      if (index >= 0 && index < depth) to[row * depth + index] = onValue;
    });
    return output;
  },
);

/** Ops and gradients that this file installs. */
export const oneHotRepair: OpRepair = { kernels: [oneHotKernel] };

/** Attributes of `ClipByValue`. */
interface ClipByValueAttributes {
  clipValueMin: number;
  clipValueMax: number;
}

/** Returns the nearest number between two bounds, and NaN for NaN. */
export function clip(value: number, low: number, high: number): number {
  if (value < low) return low;
  return value > high ? high : value;
}

/**
 * `ClipByValue`: the stock op turns NaN into a bound, which hides it from a hard sigmoid and from
 * every cross-entropy, and compares integers as if their bits were floats. Here NaN stays NaN and
 * integers are clipped to integers; finite floats still go to the stock op.
 */
const clipByValueKernel = defineOp<ClipByValueAttributes>(
  "ClipByValue",
  (context, { x }, attrs) => {
    const isFloat = x.dtype === "float32";
    if (isFloat && !hasNonFinite(context.backend.typedArrayFromHeap(x))) {
      return context.stock("ClipByValue", { x }, attrs);
    }
    const { clipValueMin: low, clipValueMax: high } = attrs;
    const output = context.backend.makeOutput(x.shape, x.dtype);
    const from = context.backend.typedArrayFromHeap(x);
    const to = context.backend.typedArrayFromHeap(output);
    for (let i = 0; i < to.length; i++) to[i] = clip(from[i], low, high);
    return output;
  },
);

/**
 * `ClipByValueGrad`: dy if x is within the bounds, NaN if x is NaN, otherwise 0, in one sweep; an
 * op of this project, for `clipByValueGradient`.
 */
const clipByValueGradKernel = defineOp<
  ClipByValueAttributes,
  { x: TensorInfo; dy: TensorInfo }
>("ClipByValueGrad", (context, { x, dy }, { clipValueMin: low, clipValueMax: high }) => {
  const { tf, backend, native, address } = context;
  const result = backend.makeOutput(x.shape, "float32");
  const count = tf.util.sizeFromShape(x.shape);
  native.clipGradient(address(x), address(dy), address(result), { count, low, high });
  return result;
});

/**
 * Gradient of `ClipByValue`, used by every hard sigmoid and so by every gate of an LSTM.
 * TensorFlow.js builds it from five ops; here it is one.
 */
const clipByValueGradient = defineSweepGradient(
  "ClipByValue",
  "x",
  (tf, dy, x, attrs) => tf.engine().runKernel("ClipByValueGrad", { x, dy }, attrs) as Tensor,
);

/** Ops and gradients that this file installs. */
export const clipByValueRepair: OpRepair = {
  kernels: [clipByValueGradKernel, clipByValueKernel],
  gradients: [clipByValueGradient],
};

/**
 * Returns an op that compares two tensors. For shapes that differ the stock op computes the place of every
 * entry: 50 to 100 ns for each, in the mask of every attention. Here rows are compared.
 */
function comparison(
  kernelName: string,
  isTrue: (p: number, q: number) => boolean,
): KernelFactory {
  return defineOp<unknown, { a: TensorInfo; b: TensorInfo }>(kernelName, (context, { a, b }) => {
    const { tf, backend, stock } = context;
    if (tf.util.arraysEqual(a.shape, b.shape)) return stock(kernelName, { a, b });
    const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const result = backend.makeOutput(shape, "bool");
    const [left, right, to] = [a, b, result].map((info) => backend.typedArrayFromHeap(info));
    const width = shape.at(-1)!, rows = shape.slice(0, -1);
    const [p, q] = [a, b].map((info) => rowsIn(info, rows));
    for (let row = 0, at = 0; at < to.length; row++) {
      let i = p.starts[row] * p.width, j = q.starts[row] * q.width;
      for (const end = at + width; at < end; at++, i += p.step, j += q.step) {
        to[at] = isTrue(left[i], right[j]) ? 1 : 0;
      }
    }
    return result;
  });
}

/** Returns the place of each row of a result in a tensor that may be broadcast. */
function rowsIn({ shape }: TensorInfo, rows: readonly number[]) {
  const width = shape.at(-1) ?? 1;
  return { starts: broadcastOffsets(shape.slice(0, -1), rows), width, step: width === 1 ? 0 : 1 };
}

/** Ops that this file installs. */
export const comparisonsRepair: OpRepair = {
  kernels: [
    comparison("Equal", (p, q) => p === q),
    comparison("NotEqual", (p, q) => p !== q),
    comparison("Less", (p, q) => p < q),
    comparison("LessEqual", (p, q) => p <= q),
    comparison("Greater", (p, q) => p > q),
    comparison("GreaterEqual", (p, q) => p >= q),
  ],
};
