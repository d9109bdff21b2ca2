import type { TensorInfo } from "@tensorflow/tfjs";
import { broadcastOffsets } from "./broadcast.ts";
import { defineKernel } from "./define_kernel.ts";
import type { KernelContext, KernelRepair } from "./kernel_context.ts";

/** Neighbouring axes that are reduced together, or kept together. */
interface Run {
  size: number;
  reduced: boolean;
}

/**
 * Sums float32 entries over any axes, accumulated in float64 and rounded once. In float32 the sum
 * over 2^20 entries of 0.1 is off by 1 %, which affects every large loss, mean and bias gradient.
 *
 * @param context Context of the op.
 * @param x A float32 tensor.
 * @param axes The axes to reduce, from 0 to the rank.
 * @param keepDims True to keep them with size 1.
 * @param divisor Divisor of each sum.
 */
function reduceSum(
  context: KernelContext,
  x: TensorInfo,
  axes: readonly number[],
  keepDims: boolean | undefined,
  divisor = 1,
): TensorInfo {
  const { tf, backend, native, address, dispose } = context;
  const kept = x.shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  const shape = keepDims ? kept : kept.filter((_, axis) => !axes.includes(axis));
  const result = backend.makeOutput(shape, "float32");
  const runs = mergeAxes(x.shape, axes);
  const sizeOf = (runs: readonly Run[]) => runs.reduce((product, { size }) => product * size, 1);
  // Starts with the longest run, which leaves the fewest entries.
  const longest = Math.max(...runs.map(({ size, reduced }) => reduced ? size : 0));
  const at = runs.findIndex(({ size, reduced }) => reduced && size === longest);
  const inner = at < 0 ? { blocks: 1, rows: 1, width: sizeOf(runs) } : {
    blocks: sizeOf(runs.slice(0, at)),
    rows: longest,
    width: sizeOf(runs.slice(at + 1)),
  };
  const rest = runs.toSpliced(Math.max(at, 0), 1);
  if (!rest.some(({ reduced }) => reduced)) {
    native.axisSums(address(x), address(result), inner, { divisor, isWide: false });
    return result;
  }
  // The other runs continue in float64.
  const sums = backend.makeOutput([2 * sizeOf(rest)], "float32");
  native.axisSums(address(x), address(sums), inner, { divisor: 1, isWide: true });
  const places = broadcastOffsets(
    rest.map((run) => run.reduced ? 1 : run.size),
    rest.map(({ size }) => size),
  );
  const total = new Float64Array(tf.util.sizeFromShape(shape));
  float64View(context, sums).forEach((sum, i) => total[places[i]] += sum);
  dispose(sums);
  const entries = backend.typedArrayFromHeap(result);
  for (let i = 0; i < total.length; i++) entries[i] = total[i] / divisor;
  return result;
}

/** Returns the float64 entries stored in a float32 tensor of twice the size. */
function float64View({ backend }: KernelContext, info: TensorInfo): Float64Array {
  const { buffer, byteOffset, length } = backend.typedArrayFromHeap(info);
  return new Float64Array(buffer, byteOffset, length / 2);
}

/** Merges the axes of a shape, outermost first, without those of size 1. */
function mergeAxes(shape: readonly number[], axes: readonly number[]): Run[] {
  const runs: Run[] = [];
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const reduced = axes.includes(axis);
    const last = runs.at(-1);
    if (last?.reduced === reduced) last.size *= size;
    else runs.push({ size, reduced });
  });
  return runs;
}

/**
 * `Sum`, used by every loss and the gradient of every bias: the stock op adds in float32, and
 * returns uninitialised memory for an empty sum. Here floats are added in float64, and an empty sum
 * is 0; integers, exact in the stock op, go there.
 */
const sumKernel = defineKernel<
  { axis: number | number[]; keepDims?: boolean },
  { x: TensorInfo }
>("Sum", (context, { x }, attributes) => {
  const { tf, backend, stock } = context;
  const axes = tf.util.parseAxisParam(attributes.axis, x.shape);
  if (x.dtype === "float32") return reduceSum(context, x, axes, attributes.keepDims);
  const result = stock("Sum", { x }, attributes);
  if (tf.util.sizeFromShape(x.shape) === 0) backend.typedArrayFromHeap(result).fill(0);
  return result;
});

/**
 * `Mean`, used by global average pooling, normalisation and every mean loss: the stock op adds in
 * float32, and returns uninitialised memory for an empty mean. Here it adds in float64, and an
 * empty mean is NaN.
 */
const meanKernel = defineKernel<
  { axis: number | number[]; keepDims?: boolean },
  { x: TensorInfo }
>("Mean", (context, { x }, attributes) => {
  const { tf, run, dispose } = context;
  const axes = tf.util.parseAxisParam(attributes.axis, x.shape);
  const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
  if (x.dtype === "float32") return reduceSum(context, x, axes, attributes.keepDims, count);
  const floats = run("Cast", { x }, { dtype: "float32" });
  const result = reduceSum(context, floats, axes, attributes.keepDims, count);
  dispose(floats);
  return result;
});

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [meanKernel, sumKernel],
};
