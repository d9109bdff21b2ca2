import { defineOp, type OpContext, type OpRepair } from "./define_op.ts";
import type { TensorInfo } from "@tensorflow/tfjs";

/** Axes of a transposition in the order of the result. */
interface Axis {
  size: number;
  /** Distance of neighbouring entries in the input, in entries. */
  from: number;
}

/**
 * Returns the axes in the order of the result, without those of size 1, and with those merged that
 * stay beside each other.
 */
function axesOf(shape: readonly number[], perm: readonly number[]): Axis[] {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const axes: Axis[] = [];
  for (const axis of perm) {
    const size = shape[axis], from = strides[axis];
    const last = axes.at(-1);
    if (size === 1) continue;
    if (last?.from === size * from) {
      last.size *= size;
      last.from = from;
    } else axes.push({ size, from });
  }
  return axes;
}

/** Calls `visit` with the offset in the input of each index of the given axes, in order. */
function eachOffset(axes: readonly Axis[], visit: (offset: number) => void, offset = 0): void {
  const [axis, ...inner] = axes;
  if (axis === undefined) return visit(offset);
  for (let i = 0; i < axis.size; i++) eachOffset(inner, visit, offset + i * axis.from);
}

/** Copies runs of entries that stay together, which are the last axis. */
function copyRuns(context: OpContext, x: TensorInfo, axes: readonly Axis[], to: TensorInfo): void {
  const { tf, native, address } = context;
  const bytes = tf.util.bytesPerElement(x.dtype);
  const rows = axes.at(-2)!, run = axes.at(-1)!.size * bytes;
  const start = address(x);
  let at = address(to);
  eachOffset(axes.slice(0, -2), (offset) => {
    native.copyRows(start + offset * bytes, at, {
      rows: rows.size,
      stride: rows.from * bytes,
      run,
    });
    at += rows.size * run;
  });
}

/** Turns the planes of the input's last axis and the result's. */
function turnPlanes(context: OpContext, x: TensorInfo, axes: readonly Axis[], y: TensorInfo): void {
  const { native, address } = context;
  const columns = axes.at(-1)!;
  const at = axes.findIndex((axis) => axis.from === 1);
  const rows = axes[at];
  const outer = axes.slice(0, at), middle = axes.slice(at + 1, -1);
  const sizeOf = (axes: readonly Axis[]) => axes.reduce((product, { size }) => product * size, 1);
  const row = columns.size * sizeOf(middle);
  // The planes along the last other axis are turned together.
  const isOuter = middle.length === 0;
  const planes = (isOuter ? outer : middle).pop() ?? { size: 1, from: 0 };
  const toPlane = isOuter ? rows.size * row : columns.size;
  const sizes = { planes: planes.size, rows: rows.size, columns: columns.size };
  const strides = { fromPlane: planes.from, toPlane, column: columns.from, row };
  const bytes = Object.fromEntries(
    Object.entries(strides).map(([name, entries]) => [name, ENTRY * entries]),
  ) as typeof strides;
  let block = address(y);
  eachOffset(outer, (offset) => {
    let to = block;
    eachOffset(middle, (start) => {
      native.turnPlanes({ from: address(x) + ENTRY * start, to, ...sizes, ...bytes });
      to += ENTRY * planes.size * toPlane;
    }, offset);
    block += ENTRY * rows.size * row * (isOuter ? planes.size : 1);
  });
}

/** Bytes of an entry of a tensor whose planes are turned. */
const ENTRY = 4;

/**
 * `Transpose`: the stock op moves entry after entry, and of more than four axes it may compute the
 * place of each. Here axes that stay beside each other are merged, runs that stay together are copied
 * whole, and others are turned four by four.
 */
const transposeKernel = defineOp<{ perm: number[] }, { x: TensorInfo }>(
  "Transpose",
  (context, { x }, { perm }) => {
    const axes = axesOf(x.shape, perm);
    const keepsRuns = axes.at(-1)?.from === 1;
    const isTurned = x.dtype === "float32" || x.dtype === "int32";
    if (!isTurned && (x.dtype !== "bool" || !keepsRuns)) {
      return context.stock("Transpose", { x }, { perm });
    }
    const shape = perm.map((axis) => x.shape[axis]);
    const result = context.backend.makeOutput(shape, x.dtype);
    if (shape.includes(0)) return result;
    if (axes.length < 2) {
      context.backend.typedArrayFromHeap(result).set(context.backend.typedArrayFromHeap(x));
    } else if (keepsRuns) copyRuns(context, x, axes, result);
    else turnPlanes(context, x, axes, result);
    return result;
  },
);

/** Ops that this file installs. */
export const transposeRepair: OpRepair = { kernels: [transposeKernel] };
