import type { DataType, TensorInfo } from "@tensorflow/tfjs";
import { InputError } from "../../ground/words/input_error.ts";
import { defineOp, type KernelFactory, type OpContext, type OpRepair } from "./define_op.ts";

/** Axes of a transposition in the order of the result. */
interface Axis {
  size: number;
  /** Distance of neighbouring entries in the input, in entries. */
  from: number;
}

/**
 * Returns the axes in the order of the result: without those of size 1, and with axes merged that stay
 * adjacent.
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

/** Number of axes that XNNPACK takes. */
const MAX_AXES = 6;

/** Exports of TensorFlow.js's WASM module: its ops, and the stack for their arguments. */
type StackExports = Record<string, (...args: number[]) => number>;

/** Shapes of two operands and their result, of the same rank. */
interface Shapes {
  a: number[];
  b: number[];
  output: number[];
}

/** Merges neighbouring axes along which the same operands broadcast. */
function mergeAxes({ a, b, output }: Shapes): Shapes {
  const merged: Shapes = { a: [], b: [], output: [] };
  output.forEach((size, axis) => {
    if (size === 1) return;
    const last = merged.output.length - 1;
    const isLike = (own: number[], whole: number[]) =>
      (own[axis] === size) === (whole[last] === merged.output[last]);
    if (last >= 0 && isLike(a, merged.a) && isLike(b, merged.b)) {
      merged.a[last] *= a[axis];
      merged.b[last] *= b[axis];
      merged.output[last] *= size;
    } else {
      merged.a.push(a[axis]);
      merged.b.push(b[axis]);
      merged.output.push(size);
    }
  });
  return merged;
}

function requireFew(kernelName: string, axes: number): void {
  if (axes <= MAX_AXES) return;
  throw new InputError({
    place: `${kernelName} of tensors`,
    verb: "has",
    found: `${axes} axes that differ`,
    expected: `at most ${MAX_AXES}`,
  });
}

/** Numbers that TensorFlow.js gives the dtypes that its binary ops compute in. */
const DTYPES: Partial<Record<DataType, number>> = { float32: 0, int32: 1, bool: 2 };

/**
 * Calls the function of a stock op of two operands, which writes into a new tensor. The stock op
 * hands each shape over in two arrays with buffers of their own, which takes 1 µs.
 */
function runBinary(
  { tf, backend, stock }: OpContext,
  kernelName: string,
  { a, b }: { a: TensorInfo; b: TensorInfo },
): TensorInfo {
  const dtype = DTYPES[a.dtype];
  if (dtype === undefined) return stock(kernelName, { a, b });
  const { wasm, dataIdMap } = backend;
  const first = dataIdMap.get(a.dataId).id, second = dataIdMap.get(b.dataId).id;
  const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const output = backend.makeOutput(shape, a.dtype);
  if (tf.util.sizeFromShape(shape) === 0) return output;
  const { stackSave, stackAlloc, stackRestore, [kernelName]: run } = wasm.asm as StackExports;
  const stack = stackSave();
  const place = (axes: readonly number[]) => {
    const address = stackAlloc(4 * axes.length);
    for (let i = 0; i < axes.length; i++) wasm.HEAP32[(address >>> 2) + i] = axes[i];
    return address;
  };
  const aAxes = place(a.shape), bAxes = place(b.shape);
  const { id } = dataIdMap.get(output.dataId);
  run(first, aAxes, a.shape.length, second, bAxes, b.shape.length, dtype, id);
  stackRestore(stack);
  return output;
}

/** Runs the stock op of two operands on as few axes as the shapes allow. */
export function stockOfFewAxes(
  context: OpContext,
  kernelName: string,
  { a, b }: { a: TensorInfo; b: TensorInfo },
): TensorInfo {
  const { tf, stock } = context;
  const rank = Math.max(a.shape.length, b.shape.length);
  if (rank <= MAX_AXES) return runBinary(context, kernelName, { a, b });
  const output = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const whole = (shape: number[]) => [...new Array<number>(rank - shape.length).fill(1), ...shape];
  const merged = mergeAxes({ a: whole(a.shape), b: whole(b.shape), output });
  requireFew(kernelName, merged.output.length);
  const result = stock(kernelName, {
    a: { ...withoutTape(a), shape: merged.a },
    b: { ...withoutTape(b), shape: merged.b },
  });
  return { ...result, shape: output };
}

/** Returns the parts of a tensor that an op reads. */
const withoutTape = ({ dataId, shape, dtype }: TensorInfo): TensorInfo => ({
  dataId,
  shape,
  dtype,
});

const binaryKernel = (kernelName: string): KernelFactory =>
  defineOp<unknown, { a: TensorInfo; b: TensorInfo }>(
    kernelName,
    (context, inputs) => stockOfFewAxes(context, kernelName, inputs),
  );

/** Attributes of `PadV2`. */
interface PadAttributes {
  paddings: [before: number, after: number][];
  constantValue: number;
}

/** `PadV2`, likewise: neighbouring axes without padding are merged. */
const padKernel = defineOp<PadAttributes, { x: TensorInfo }>(
  "PadV2",
  ({ stock }, { x }, { paddings, constantValue }) => {
    if (x.shape.length <= MAX_AXES) return stock("PadV2", { x }, { paddings, constantValue });
    const shape: number[] = [], pads: [number, number][] = [];
    x.shape.forEach((size, axis) => {
      const isPadded = paddings[axis].some((zeros) => zeros !== 0);
      const last = pads.at(-1);
      if (!isPadded && last !== undefined && last[0] === 0 && last[1] === 0) {
        shape[shape.length - 1] *= size;
      } else {
        shape.push(size);
        pads.push(paddings[axis]);
      }
    });
    requireFew("PadV2", shape.length);
    const merged = { ...withoutTape(x), shape };
    const result = stock("PadV2", { x: merged }, { paddings: pads, constantValue });
    return {
      ...result,
      shape: x.shape.map((size, axis) => size + paddings[axis][0] + paddings[axis][1]),
    };
  },
);

/**
 * Arithmetic and padding of tensors of seven and more axes: the stock ops leave their results
 * uninitialised, since XNNPACK takes six. This op merges axes that broadcast, or are padded, in the
 * same way.
 */
export const manyAxesRepair: OpRepair = {
  kernels: [
    binaryKernel("Multiply"),
    padKernel,
    binaryKernel("RealDiv"),
    binaryKernel("SquaredDifference"),
    binaryKernel("Sub"),
  ],
};
