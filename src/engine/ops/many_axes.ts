import { InputError } from "../../words/input_error.ts";
import { defineOp, type KernelFactory, type OpContext, type OpRepair } from "./define_op.ts";
import type { DataType, TensorInfo } from "@tensorflow/tfjs";

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
