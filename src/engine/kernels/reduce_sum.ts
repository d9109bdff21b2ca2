import type { TensorInfo } from "@tensorflow/tfjs";
import { broadcastOffsets } from "./broadcast_offsets.ts";
import { hasNonFinite } from "./has_non_finite.ts";
import type { KernelContext } from "./kernel_context.ts";

/** Neighbouring axes that are reduced, or kept, together. */
interface Run {
  size: number;
  reduced: boolean;
}

/** Below so many entries a call of the native module costs more than a loop here. */
const WORTH_A_CALL = 256;

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
export function reduceSum(
  context: KernelContext,
  x: TensorInfo,
  axes: readonly number[],
  keepDims: boolean | undefined,
  divisor = 1,
): TensorInfo {
  const { backend } = context;
  const kept = x.shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  const shape = keepDims ? kept : kept.filter((_, axis) => !axes.includes(axis));
  const result = backend.makeOutput(shape, "float32");
  const runs = mergeAxes(x.shape, axes);
  // Looking the input up may move it here, and the heap with it: the result's view comes after it.
  const from = backend.typedArrayFromHeap(x) as Float32Array;
  const to = backend.typedArrayFromHeap(result) as Float32Array;
  if (isColumns(runs)) {
    sumColumns(context, x, result, runs);
    if (divisor === 1) return result;
    // A sum that is too large for float32 may have a mean that is not.
    if (!hasNonFinite(to)) {
      for (let i = 0; i < to.length; i++) to[i] /= divisor;
      return result;
    }
  }
  if (runs.length === 2 && runs[1].reduced) {
    const { size } = runs[1];
    for (let i = 0; i < to.length; i++) to[i] = sumOf(from, i * size, (i + 1) * size) / divisor;
    return result;
  }
  const { size: inner, reduced } = runs.pop() ?? { size: 1, reduced: true };
  const places = broadcastOffsets(
    runs.map((run) => run.reduced ? 1 : run.size),
    runs.map(({ size }) => size),
  );
  const sums = new Float64Array(to.length);
  for (let run = 0; run < places.length; run++) {
    const start = run * inner;
    if (reduced) {
      sums[places[run]] += sumOf(from, start, start + inner);
    } else {
      const place = places[run] * inner;
      for (let i = 0; i < inner; i++) sums[place + i] += from[start + i];
    }
  }
  for (let i = 0; i < to.length; i++) to[i] = sums[i] / divisor;
  return result;
}

/** Whether the sums run down columns, long or wide enough to be worth a call of the native module. */
function isColumns(runs: Run[]): boolean {
  if (runs.length !== 2 && runs.length !== 3) return false;
  const [rows, columns] = runs.slice(-2);
  return !columns.reduced && rows.size * columns.size >= WORTH_A_CALL;
}

/** Sums down the columns of one block after the other. */
function sumColumns(
  { native, address }: KernelContext,
  x: TensorInfo,
  result: TensorInfo,
  runs: Run[],
): void {
  const blocks = runs.length === 3 ? runs[0].size : 1;
  const [{ size: rows }, { size: width }] = runs.slice(-2);
  for (let block = 0; block < blocks; block++) {
    const to = address(result) + 4 * block * width;
    native.columnSums(address(x) + 4 * block * rows * width, to, { rows, width });
  }
}

/** The sum of the entries from `start` to `end`. */
function sumOf(x: Float32Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += x[i];
  return sum;
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
