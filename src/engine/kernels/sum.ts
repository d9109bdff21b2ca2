import type { TensorInfo } from "@tensorflow/tfjs";
import { broadcastOffsets } from "./broadcast.ts";
import { defineKernel } from "./define_kernel.ts";
import type { KernelContext, KernelRepair } from "./kernel_context.ts";

/** Neighbouring axes that are reduced, or kept, together. */
interface Run {
  size: number;
  reduced: boolean;
}

/**
 * Sums float32 entries over any axes, accumulated in float64 and rounded once. In float32 the sum over
 * 2^20 entries of 0.1 is off by 1 %: that of every large loss, mean and bias gradient.
 *
 * @param context The kernel's context.
 * @param x A float32 tensor.
 * @param axes The axes to reduce, from 0 to the rank.
 * @param keepDims Whether they stay, of size 1.
 * @param divisor What to divide each sum by.
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
  // The longest run first: it leaves the least to go on with.
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
  // The other runs go on in float64.
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

/** The float64 entries that lie in a tensor of twice as many float32. */
function float64View({ backend }: KernelContext, info: TensorInfo): Float64Array {
  const { buffer, byteOffset, length } = backend.typedArrayFromHeap(info);
  return new Float64Array(buffer, byteOffset, length / 2);
}

/** The axes of a shape, outermost first, without those of size 1. */
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
 * `Sum`, behind every loss and the gradient of every bias: stock adds in float32, and leaves in the sum
 * over no entry what the heap held. Here floats are added in float64, and no entry makes 0; whole
 * numbers, exact in stock, are stock's.
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
 * `Mean`, behind global average pooling, normalisation and every mean loss: stock adds in float32, and
 * leaves in the mean over no entry what the heap held. Here it adds in float64, and no entry makes NaN.
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

/** What this file puts in place. */
export const repair: KernelRepair = {
  kernels: [meanKernel, sumKernel],
};
