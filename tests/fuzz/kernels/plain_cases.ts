import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { Chance } from "../chance.ts";
import {
  addTo,
  draw,
  elementwise,
  flat,
  indices,
  isFinite,
  type KernelCase,
  linear,
  sizeOf,
  zeros,
} from "./case.ts";
import { drawShape } from "./draw_shape.ts";
import { fusedProduct, product } from "./product_cases.ts";
import { grouped, oneHot, selecting } from "./selecting_cases.ts";

// deno-lint-ignore no-explicit-any -- operations for any number of axes, which the types tell apart
type Operations = any;

/** Sums and means over some axes. */
function reduction(chance: Chance): KernelCase {
  const shape = drawShape(chance, 1, 4);
  const mean = chance.happens(0.5);
  const axes = shape.map((_, axis) => axis).filter(() => chance.happens(0.5));
  const keep = chance.happens(0.5);
  const kept = shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  const count = axes.reduce((product, axis) => product * shape[axis], 1);
  const result = keep ? kept : shape.filter((_, axis) => !axes.includes(axis));
  const x = draw(chance, shape);
  // The mean of nothing is not a number.
  if (mean && count === 0 && sizeOf(result) > 0) return reduction(chance);
  return linear(
    `${mean ? "mean" : "sum"} of [${shape}] over [${axes}], keepDims ${keep}`,
    x,
    result,
    (visit) => {
      for (const at of indices(shape)) {
        const y = at.map((index, axis) => axes.includes(axis) ? 0 : index);
        visit(flat(kept, y), flat(shape, at), mean ? 1 / count : 1);
      }
    },
    (tf, [x]) => mean ? tf.mean(x, axes, keep) : tf.sum(x, axes, keep),
  );
}

/** Sums of all entries up to one. */
function cumulativeSum(chance: Chance): KernelCase {
  const shape = drawShape(chance, 1, 3);
  const axis = chance.integer(0, shape.length - 1);
  const exclusive = chance.happens(0.5);
  const reverse = chance.happens(0.5);
  return linear(
    `cumsum of [${shape}] along ${axis}, exclusive ${exclusive}, reverse ${reverse}`,
    draw(chance, shape, false),
    shape,
    (visit) => {
      for (const at of indices(shape)) {
        for (let i = 0; i < shape[axis]; i++) {
          const before = reverse ? i > at[axis] : i < at[axis];
          if (before || (!exclusive && i === at[axis])) {
            visit(flat(shape, at), flat(shape, at.with(axis, i)), 1);
          }
        }
      }
    },
    (tf, [x]) => tf.cumsum(x, axis, exclusive, reverse),
  );
}

/** Operations on one entry at a time. */
function pointwise(chance: Chance): KernelCase {
  const x = draw(chance, drawShape(chance, 0, 4));
  for (let i = 0; i < x.data.length; i++) x.data[i] = Math.fround(x.data[i] * chance.one([1, 9]));
  const low = -0.5;
  const high = 1.25;
  const nan = (x: number, y: number) => Number.isNaN(x) ? NaN : y;
  const fourth = (f: (tf: TensorFlow, x: Tensor) => Tensor): KernelCase["run"] => (tf, [x]) =>
    f(tf, x);
  const shape = `of [${x.shape}]`;
  return chance.one([
    () =>
      elementwise(
        `tanh ${shape}`,
        x,
        Math.tanh,
        (v) => 1 - Math.tanh(v) ** 2,
        fourth((tf, x) => tf.tanh(x)),
      ),
    () =>
      elementwise(
        `clipByValue ${shape}`,
        x,
        (v) => nan(v, Math.min(Math.max(v, low), high)),
        (v) => nan(v, v >= low && v <= high ? 1 : 0),
        fourth((tf, x) => tf.clipByValue(x, low, high)),
      ),
    () =>
      elementwise(
        `relu6 ${shape}`,
        x,
        (v) => nan(v, Math.min(Math.max(v, 0), 6)),
        isFinite(x) ? (v) => v > 0 && v < 6 ? 1 : 0 : null,
        fourth((tf, x) => tf.relu6(x)),
      ),
    () =>
      elementwise(
        `cast to bool ${shape}`,
        x,
        (v) => v === 0 ? 0 : 1,
        null,
        fourth((tf, x) => tf.cast(tf.cast(x, "bool"), "float32")),
      ),
    () =>
      elementwise(
        `greater ${shape}`,
        x,
        (v) => v > 0.25 ? 1 : 0,
        () => 0,
        fourth((tf, x) => tf.cast(tf.greater(x, 0.25), "float32")),
      ),
  ])();
}

/** Two inputs, one of which may be copied along some axes. */
function broadcast(chance: Chance): KernelCase {
  const shape = drawShape(chance, 1, 4).map((size) => Math.max(size, 1));
  const small = shape.map((size) => chance.happens(0.4) ? 1 : size)
    .slice(chance.integer(0, shape.length - 1));
  const a = draw(chance, shape);
  const b = draw(chance, small);
  const other = [...indices(shape)].map((at) =>
    flat(small, at.slice(shape.length - small.length).map((i, k) => small[k] === 1 ? 0 : i))
  );
  const nan = (x: number, y: number, f: (x: number, y: number) => number) =>
    Number.isNaN(x) || Number.isNaN(y) ? NaN : f(x, y);
  type Rule = [(x: number, y: number) => number, (x: number, y: number) => [number, number]];
  const rules: Record<string, Rule> = {
    maximum: [(x, y) => nan(x, y, Math.max), (x, y) => x >= y ? [1, 0] : [0, 1]],
    minimum: [(x, y) => nan(x, y, Math.min), (x, y) => x <= y ? [1, 0] : [0, 1]],
    squaredDifference: [(x, y) => (x - y) ** 2, (x, y) => [2 * (x - y), 2 * (y - x)]],
    prelu: [(x, y) => x < 0 ? x * y : x, (x, y) => x > 0 ? [1, 0] : [y, x]],
  };
  const name = chance.one(Object.keys(rules));
  const [f, slopes] = rules[name];
  const output = zeros(shape);
  a.data.forEach((x, i) => addTo(output, i, f(x, b.data[other[i]])));
  return {
    what: `${name} of [${shape}] and [${small}]`,
    inputs: [a, b],
    run: (tf: Operations, [a, b]) => tf[name](a, b),
    output,
    gradients(dy) {
      // If the larger one is NaN, the gradient belongs to neither.
      if (!isFinite(a) || !isFinite(b)) return [null, null];
      const da = zeros(shape);
      const db = zeros(small);
      a.data.forEach((x, i) => {
        const [left, right] = slopes(x, b.data[other[i]]);
        addTo(da, i, dy[i] * left);
        addTo(db, other[i], dy[i] * right);
      });
      return [da, db];
    },
  };
}

/** Rows added up by the segment that each names; rows of no segment are dropped. */
function segments(chance: Chance): KernelCase {
  const rows = chance.integer(1, 9), width = chance.integer(1, 9), count = chance.integer(1, 5);
  const ids = Array.from({ length: rows }, () => chance.integer(0, count - 1));
  return linear(
    `unsortedSegmentSum of [${rows},${width}] to ${count}`,
    draw(chance, [rows, width]),
    [count, width],
    (visit) => {
      ids.forEach((id, row) => {
        for (let i = 0; i < width; i++) visit(id * width + i, row * width + i, 1);
      });
    },
    (tf, [x]) => tf.unsortedSegmentSum(x, tf.tensor1d(ids, "int32"), count),
  );
}

/** Cases of the other kernels. */
export const PLAIN_CASES: ((chance: Chance) => KernelCase)[] = [
  product,
  fusedProduct,
  reduction,
  cumulativeSum,
  selecting,
  selecting,
  pointwise,
  broadcast,
  grouped,
  segments,
  oneHot,
];
