import type { Tensor } from "../tensorflow.ts";
import {
  defineOp,
  type GradientFactory,
  hasNonFinite,
  type KernelAttributes,
  type KernelFactory,
  type OpContext,
  type OpRepair,
} from "./define_op.ts";
import { broadcastOffsets, reduceLike } from "./element_wise.ts";
import type { TensorInfo } from "@tensorflow/tfjs";

/** Neighbouring axes that are reduced together, or kept together. */
interface Run {
  size: number;
  reduced: boolean;
}

/**
 * Sums float32 entries over any axes, accumulated in float64 and rounded once. In float32 the sum
 * over 2^20 entries of 0.1 is off by 1 %, which affects every large loss, mean and bias gradient.
 *
 * @param reduction `axes`: those to reduce, from 0 to the rank; `keepDims`: true to keep them with
 * size 1; `divisor`: divisor of each sum. Default: 1.
 */
function reduceSum(
  context: OpContext,
  x: TensorInfo,
  { axes, keepDims, divisor = 1 }: {
    axes: readonly number[];
    keepDims?: boolean;
    divisor?: number;
  },
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
function float64View({ backend }: OpContext, info: TensorInfo): Float64Array {
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
const sumKernel = defineOp<
  { axis: number | number[]; keepDims?: boolean },
  { x: TensorInfo }
>("Sum", (context, { x }, attributes) => {
  const { tf, backend, stock } = context;
  const { keepDims } = attributes;
  const axes = tf.util.parseAxisParam(attributes.axis, x.shape);
  if (x.dtype === "float32") return reduceSum(context, x, { axes, keepDims });
  const result = stock("Sum", { x }, attributes);
  if (tf.util.sizeFromShape(x.shape) === 0) backend.typedArrayFromHeap(result).fill(0);
  return result;
});

/**
 * `Mean`, used by global average pooling, normalisation and every mean loss: the stock op adds in
 * float32, and returns uninitialised memory for an empty mean. Here it adds in float64, and an
 * empty mean is NaN.
 */
const meanKernel = defineOp<
  { axis: number | number[]; keepDims?: boolean },
  { x: TensorInfo }
>("Mean", (context, { x }, attributes) => {
  const { tf, run, dispose } = context;
  const axes = tf.util.parseAxisParam(attributes.axis, x.shape);
  const divisor = axes.reduce((product, axis) => product * x.shape[axis], 1);
  const reduction = { axes, keepDims: attributes.keepDims, divisor };
  if (x.dtype === "float32") return reduceSum(context, x, reduction);
  const floats = run("Cast", { x }, { dtype: "float32" });
  const result = reduceSum(context, floats, reduction);
  dispose(floats);
  return result;
});

/** Ops and gradients that this file installs. */
export const sumRepair: OpRepair = { kernels: [meanKernel, sumKernel] };

/** Attributes of `Cumsum` and of `Cumprod`. */
interface CumulativeAttributes {
  axis: number;
  /** True to leave out an entry's own value. */
  exclusive: boolean;
  /** True to start at the end. */
  reverse: boolean;
}

/**
 * Returns an op that accumulates the entries along an axis, in float64.
 *
 * @param empty Result for no entries.
 * @param add Adds an entry to the accumulated value.
 */
function cumulative(
  kernelName: string,
  empty: number,
  add: (before: number, entry: number) => number,
): KernelFactory {
  return defineOp<CumulativeAttributes>(kernelName, (context, { x }, attrs) => {
    const { tf, backend } = context;
    // The stock op rejects other types with an error.
    if (x.dtype !== "float32" && x.dtype !== "int32") {
      return context.stock(kernelName, { x }, attrs);
    }
    const [axis] = tf.util.parseAxisParam(attrs.axis, x.shape);
    const size = x.shape[axis];
    const width = tf.util.sizeFromShape(x.shape.slice(axis + 1));
    const blocks = tf.util.sizeFromShape(x.shape.slice(0, axis));
    const output = backend.makeOutput(x.shape, x.dtype);
    const from = backend.typedArrayFromHeap(x);
    const to = backend.typedArrayFromHeap(output);
    const totals = new Float64Array(width);
    for (let block = 0; block < blocks; block++) {
      totals.fill(empty);
      for (let step = 0; step < size; step++) {
        const row = (block * size + (attrs.reverse ? size - 1 - step : step)) * width;
        for (let i = 0; i < width; i++) {
          const before = totals[i];
          totals[i] = add(before, from[row + i]);
          to[row + i] = attrs.exclusive ? before : totals[i];
        }
      }
    }
    return output;
  });
}

/**
 * `Cumsum`: the stock op adds in float32, which puts the last of 2^20 sums of 0.1 off by 1 %; and
 * if the axis is negative, it writes outside of its output, which crashes the backend. Here it adds
 * in float64, along any axis.
 */
const cumsumKernel = cumulative("Cumsum", 0, (sum, entry) => sum + entry);

/**
 * Gradient of `Cumsum`: dy accumulated from the other end. That of TensorFlow.js is transposed
 * unless the axis is the last: it throws, or is silently wrong if the transposed shape is the same.
 */
const cumsumGradient: GradientFactory = ({ tf }) => ({
  kernelName: "Cumsum",
  gradFunc(dy, _saved, attrs) {
    const { axis, exclusive, reverse } = attrs as unknown as CumulativeAttributes;
    const { rank } = dy as Tensor;
    // The cpu backend also needs a non-negative axis.
    const from0 = axis < 0 ? axis + rank : axis;
    return { x: () => tf.cumsum(dy as Tensor, from0, exclusive, !reverse) };
  },
});

/**
 * `Cumprod`: like the stock `Cumsum`, the stock op writes outside of its output if the axis is
 * negative. Here it multiplies in float64, along any axis.
 */
const cumprodKernel = cumulative("Cumprod", 1, (product, entry) => product * entry);

/** Ops and gradients that this file installs. */
export const cumulativeRepair: OpRepair = {
  kernels: [cumprodKernel, cumsumKernel],
  gradients: [cumsumGradient],
};

/**
 * Returns a broadcasting op of two inputs that gives the larger one for sign 1, the smaller one for
 * -1, and NaN if either is NaN. Finite inputs go to the stock op.
 */
function extremum(kernelName: string, sign: 1 | -1): KernelFactory {
  return defineOp<unknown>(kernelName, (context, { a, b }) => {
    const view = (info: TensorInfo) => context.backend.typedArrayFromHeap(info);
    if (!hasNonFinite(view(a)) && !hasNonFinite(view(b))) {
      return context.stock(kernelName, { a, b });
    }
    const shape = context.tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const output = context.backend.makeOutput(shape, a.dtype);
    const to = view(output), left = view(a), right = view(b);
    const offsetsA = broadcastOffsets(a.shape, shape), offsetsB = broadcastOffsets(b.shape, shape);
    for (let i = 0; i < to.length; i++) {
      const p = left[offsetsA[i]], q = right[offsetsB[i]];
      // If q is NaN, the comparison fails and q is taken.
      to[i] = p !== p || (sign > 0 ? p >= q : p <= q) ? p : q;
    }
    return output;
  });
}

/**
 * `Maximum`: the stock op returns `b` if `a` is NaN, which hides it. Here NaN in either gives NaN.
 */
const maximumKernel = extremum("Maximum", 1);

/**
 * `Minimum`: the stock op returns `b` if `a` is NaN, which hides it. Here NaN in either gives NaN.
 */
const minimumKernel = extremum("Minimum", -1);

function pairGradient(kernelName: "Maximum" | "Minimum"): GradientFactory {
  return ({ tf }) => ({
    kernelName,
    inputsToSave: ["a", "b"],
    gradFunc(dy, saved) {
      const [a, b] = saved as Tensor[];
      const taken = () => kernelName === "Maximum" ? tf.greaterEqual(a, b) : tf.lessEqual(a, b);
      const share = (mask: Tensor, shape: number[]) =>
        reduceLike(tf, tf.mul(dy as Tensor, tf.cast(mask, "float32")), shape);
      return {
        a: () => share(taken(), a.shape),
        b: () => share(tf.logicalNot(taken()), b.shape),
      };
    },
  });
}

/**
 * Gradients of `Maximum` and `Minimum`: `dy` for the input that was taken, otherwise 0. Those of
 * TensorFlow.js throw if an input was broadcast; these sum over the copies.
 */
const extremumGradients: GradientFactory[] = [pairGradient("Maximum"), pairGradient("Minimum")];

/** @param axesName The op's name for its reduced axes. */
function reducedGradient(kernelName: "Max" | "Min", axesName: string): GradientFactory {
  return ({ tf }) => ({
    kernelName,
    inputsToSave: ["x"],
    outputsToSave: [true],
    gradFunc(dy, saved, attrs) {
      const [x, y] = saved as Tensor[];
      const axes = tf.util.parseAxisParam((attrs as KernelAttributes)[axesName], x.shape);
      const kept = x.shape.map((size, axis) => axes.includes(axis) ? 1 : size);
      return {
        x: () => {
          const taken = tf.cast(tf.equal(x, tf.reshape(y, kept)), "float32");
          const share = tf.div(taken, tf.sum(taken, axes, true));
          return tf.mul(tf.reshape(dy as Tensor, kept), share);
        },
      };
    },
  });
}

/**
 * Gradients of `Max` and `Min` over axes, used by global max pooling: `dy` divided equally among
 * the largest (smallest) entries, as in TensorFlow. TensorFlow.js gives each of them all of it,
 * which is wrong by their number for equal steps, such as padding or saturated units.
 */
const reducedExtremumGradients: GradientFactory[] = [
  reducedGradient("Max", "reductionIndices"),
  reducedGradient("Min", "axis"),
];

/** Ops and gradients that this file installs. */
export const extremumRepair: OpRepair = {
  kernels: [maximumKernel, minimumKernel],
  gradients: [...extremumGradients, ...reducedExtremumGradients],
};
