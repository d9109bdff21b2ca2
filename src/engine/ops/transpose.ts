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

/** Number of rows and columns that are turned together, so that both are in the cache. */
const BLOCK = 32;

/** Turns the planes of the input's last axis and the result's. */
function turnPlanes(context: OpContext, x: TensorInfo, axes: readonly Axis[], y: TensorInfo): void {
  const { backend } = context;
  const from = backend.typedArrayFromHeap(x), to = backend.typedArrayFromHeap(y);
  const column = axes.at(-1)!;
  const at = axes.findIndex((axis) => axis.from === 1);
  const row = axes[at];
  // Distance of neighbouring rows in the result.
  const stride = axes.slice(at + 1).reduce((product, { size }) => product * size, 1);
  const outer = axes.slice(0, at), middle = axes.slice(at + 1, -1);
  let block = 0;
  eachOffset(outer, (offset) => {
    let plane = block;
    eachOffset(middle, (start) => {
      for (let r = 0; r < row.size; r += BLOCK) {
        const rows = Math.min(row.size, r + BLOCK);
        for (let c = 0; c < column.size; c += BLOCK) {
          const columns = Math.min(column.size, c + BLOCK);
          for (let i = r; i < rows; i++) {
            let source = start + i + c * column.from;
            const target = plane + i * stride;
            for (let j = c; j < columns; j++, source += column.from) to[target + j] = from[source];
          }
        }
      }
      plane += column.size;
    }, offset);
    block += row.size * stride;
  });
}

/** Number of axes longer than 1 for which the stock op has a loop. */
const MAX_STOCK_AXES = 4;

/**
 * `Transpose`: for more axes than four, as in the attention of a vision transformer, the stock op
 * may compute the place of every entry: 850 ms for [8, 197, 3, 12, 64], 27 ms here, on a machine
 * under load. Here axes that stay beside each other are merged, runs that stay together are copied
 * whole, and others are turned in blocks.
 */
const transposeKernel = defineOp<{ perm: number[] }, { x: TensorInfo }>(
  "Transpose",
  (context, { x }, { perm }) => {
    const axes = axesOf(x.shape, perm);
    const keepsRuns = axes.at(-1)?.from === 1;
    const isWide = x.shape.filter((size) => size !== 1).length > MAX_STOCK_AXES;
    if (x.dtype === "string" || x.dtype === "complex64" || !keepsRuns && !isWide) {
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
