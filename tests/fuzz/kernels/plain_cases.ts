import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { Chance } from "../chance.ts";
import {
  addTo,
  bilinear,
  draw,
  elementwise,
  flat,
  indices,
  isFinite,
  type KernelCase,
  linear,
  selection,
  sizeOf,
  type Values,
  zeros,
} from "./case.ts";

// deno-lint-ignore no-explicit-any -- operations for any number of axes, which the types tell apart
type Operations = any;

function drawShape(chance: Chance, least: number, most: number, entries = 2000): number[] {
  const shape = chance.list(
    least,
    most,
    () => chance.happens(0.03) ? 0 : chance.one([1, 2, 3, 4, 5, 7, 8, 9, 17]),
  );
  return sizeOf(shape) <= entries ? shape : drawShape(chance, least, most, entries);
}

function product(chance: Chance): KernelCase {
  const size = () => chance.one([1, 2, 3, 5, 6, 7, 8, 9, 16, 33]);
  const [m, n, k] = [size(), size(), chance.happens(0.03) ? 0 : size()];
  const batch = chance.happens(0.4) ? [chance.integer(1, 3)] : [];
  // One of the two may be the same for the whole batch.
  const [batchA, batchB] = chance.one([[batch, batch], [batch, batch.map(() => 1)]]);
  const [turnA, turnB] = [chance.happens(0.5), chance.happens(0.5)];
  const shapeA = [...batchA, ...(turnA ? [k, m] : [m, k])];
  const shapeB = [...batchB, ...(turnB ? [n, k] : [k, n])];
  const count = batch[0] ?? 1, ownB = (batchB[0] ?? 1) > 1;
  return bilinear(
    `matMul [${shapeA}] ${turnA} x [${shapeB}] ${turnB}`,
    [draw(chance, shapeA), draw(chance, shapeB)],
    [...batch, m, n],
    (visit) => {
      for (let b = 0; b < count; b++) {
        for (const [i, j, l] of indices([m, n, k])) {
          const left = b * m * k + (turnA ? l * m + i : i * k + l);
          const right = (ownB ? b * n * k : 0) + (turnB ? j * k + l : l * n + j);
          visit((b * m + i) * n + j, left, right);
        }
      }
    },
    (tf, [a, b]) => tf.matMul(a, b, turnA, turnB),
  );
}

/** A product with a bias and an activation, in one kernel. */
function fusedProduct(chance: Chance): KernelCase {
  const inner = product(chance);
  // TensorFlow.js does not add up the gradient of what a fused product copies.
  const [a, b] = inner.inputs;
  if (a.shape.length === 3 && a.shape[0] !== b.shape[0]) return fusedProduct(chance);
  const n = inner.output.shape.at(-1)!;
  const bias = draw(chance, [n], false);
  const relu = chance.happens(0.5);
  const [, turnA, turnB] = inner.what.match(/(true|false).*(true|false)/)!.map((t) => t === "true");
  const output = zeros(inner.output.shape);
  inner.output.data.forEach((value, i) => {
    const sum = value + bias.data[i % n];
    output.data[i] = relu && sum < 0 ? 0 : sum;
    output.terms[i] = inner.output.terms[i] + Math.abs(bias.data[i % n]);
  });
  // Near 0 the sign of a sum is a matter of rounding.
  const isClear = !relu || output.data.every((y, i) => {
    const sum = inner.output.data[i] + bias.data[i % n];
    return Math.abs(sum) > 1e-5 * output.terms[i] && Number.isFinite(y);
  });
  return {
    what: `fused.${inner.what}, relu ${relu}`,
    inputs: [...inner.inputs, bias],
    run: (tf, [a, b, bias]) =>
      tf.fused.matMul({
        ...{ a: a as never, b: b as never, transposeA: turnA, transposeB: turnB, bias },
        activation: relu ? "relu" : "linear",
      }),
    output,
    gradients(dy) {
      if (!isClear) return [null, null, null];
      const open = dy.map((g, i) => relu && output.data[i] <= 0 ? 0 : g);
      const dBias = zeros([n]);
      open.forEach((g, i) => addTo(dBias, i % n, g));
      return [...inner.gradients(open), dBias];
    },
  };
}

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
  const [exclusive, reverse] = [chance.happens(0.5), chance.happens(0.5)];
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

/** What takes entries as they are: parts, rows by their number, copies, mirrors, blocks. */
function selecting(chance: Chance): KernelCase {
  const kind = chance.one(["slice", "gather", "tile", "mirrorPad", "split", "unstack", "depth"]);
  const shape = drawShape(chance, 1, 4, 300).map((size) => Math.max(size, 1));
  const axis = chance.integer(0, shape.length - 1);
  const x = draw(chance, kind === "depth" ? [1, 2, 3, 8] : shape);
  const from = (
    name: string,
    result: number[],
    source: (at: number[]) => number[],
    run: (tf: TensorFlow, x: Tensor) => Tensor,
  ) => {
    const places = [...indices(result)].map((at) => flat(x.shape, source(at)));
    return selection(
      `${kind} ${name} of [${x.shape}]`,
      x,
      result,
      (y) => places[y],
      (tf, [x]) => run(tf, x),
    );
  };
  if (kind === "slice") {
    const begin = shape.map((size) => chance.integer(0, size - 1));
    const size = shape.map((all, k) => chance.integer(0, all - begin[k]));
    return from(
      `at ${begin} of ${size}`,
      size,
      (at) => at.map((i, k) => i + begin[k]),
      (tf, x) => tf.slice(x, begin, size),
    );
  }
  if (kind === "gather") {
    const rows = chance.list(1, 9, () => chance.integer(0, shape[axis] - 1));
    return from(
      `${rows} along ${axis}`,
      shape.with(axis, rows.length),
      (at) => at.with(axis, rows[at[axis]]),
      (tf, x) => tf.gather(x, tf.tensor1d(rows, "int32"), axis),
    );
  }
  if (kind === "tile") {
    const times = shape.map(() => chance.one([1, 1, 2, 3]));
    if (chance.happens(0.3)) times[axis] = 17;
    return from(
      `${times}`,
      shape.map((size, k) => size * times[k]),
      (at) => at.map((i, k) => i % shape[k]),
      (tf, x) => tf.tile(x, times),
    );
  }
  if (kind === "mirrorPad") {
    const edge = chance.integer(0, 1);
    const borders = shape.map((size) =>
      [chance.integer(0, size - edge), chance.integer(0, size - edge)] as [number, number]
    );
    const mirrored = (i: number, size: number) =>
      i < 0 ? -i - 1 + edge : i >= size ? 2 * size - 1 - edge - i : i;
    return from(
      `${JSON.stringify(borders)}, edge ${edge}`,
      shape.map((size, k) => size + borders[k][0] + borders[k][1]),
      (at) => at.map((i, k) => mirrored(i - borders[k][0], shape[k])),
      (tf, x) => tf.mirrorPad(x, borders, edge === 1 ? "reflect" : "symmetric"),
    );
  }
  if (kind === "split") {
    const first = chance.integer(0, shape[axis]);
    return from(
      `${first} along ${axis}`,
      shape.with(axis, shape[axis] - first),
      (at) => at.with(axis, at[axis] + first),
      (tf, x) => tf.split(x, [first, shape[axis] - first], axis)[1],
    );
  }
  if (kind === "unstack") {
    const part = chance.integer(0, shape[axis] - 1);
    return from(
      `${part} along ${axis}`,
      shape.toSpliced(axis, 1),
      (at) => at.toSpliced(axis, 0, part),
      (tf, x) => tf.unstack(x, axis)[part],
    );
  }
  return from(
    "2",
    [1, 4, 6, 2],
    ([b, i, j, c]) => [b, i >> 1, j >> 1, ((i & 1) * 2 + (j & 1)) * 2 + c],
    (tf, x) => tf.depthToSpace(x as never, 2, "NHWC"),
  );
}

/** One entry at a time. */
function pointwise(chance: Chance): KernelCase {
  const x = draw(chance, drawShape(chance, 0, 4));
  for (let i = 0; i < x.data.length; i++) x.data[i] = Math.fround(x.data[i] * chance.one([1, 9]));
  const [low, high] = [-0.5, 1.25];
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
  const [a, b] = [draw(chance, shape), draw(chance, small)];
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
      // What flows where the larger one is not a number is nobody's.
      if (!isFinite(a) || !isFinite(b)) return [null, null];
      const [da, db] = [zeros(shape), zeros(small)];
      a.data.forEach((x, i) => {
        const [left, right] = slopes(x, b.data[other[i]]);
        addTo(da, i, dy[i] * left);
        addTo(db, other[i], dy[i] * right);
      });
      return [da, db];
    },
  };
}

/** Products, largest entries and softmax along axes: what needs more than one entry at a time. */
function grouped(chance: Chance): KernelCase {
  const shape = drawShape(chance, 1, 3).map((size) => Math.max(size, 1));
  const kind = chance.one(["prod", "max", "min", "softmax", "cumprod"]);
  const axis = kind === "softmax" ? shape.length - 1 : chance.integer(0, shape.length - 1);
  const x = draw(chance, shape, kind === "softmax" || kind === "max");
  const keepsShape = kind === "softmax" || kind === "cumprod";
  const output = zeros(keepsShape ? shape : shape.toSpliced(axis, 1));
  const groups = [...indices(shape.toSpliced(axis, 1))].map((at) =>
    Array.from({ length: shape[axis] }, (_, i) => flat(shape, at.toSpliced(axis, 0, i)))
  );
  const exps = new Float64Array(x.data.length);
  groups.forEach((places, g) => {
    const values = places.map((place) => x.data[place]);
    if (kind === "prod") addTo(output, g, values.reduce((p, v) => p * v, 1));
    else if (kind === "max") addTo(output, g, Math.max(...values));
    else if (kind === "min") addTo(output, g, Math.min(...values));
    else if (kind === "cumprod") {
      let product = 1;
      places.forEach((place, i) => addTo(output, place, product *= values[i]));
    } else {
      const most = Math.max(...values);
      const total = values.reduce((sum, v) => sum + Math.exp(v - most), 0);
      places.forEach((place, i) => {
        exps[place] = Math.exp(values[i] - most) / total;
        addTo(output, place, exps[place]);
      });
    }
  });
  return {
    what: `${kind} of [${shape}] along ${axis}`,
    inputs: [x],
    run: (tf: Operations, [x]) => tf[kind](x, axis),
    output,
    gradients(dy) {
      if (!isFinite(x) || kind === "cumprod") return [null];
      const dx = zeros(shape);
      groups.forEach((places, g) => {
        if (kind === "softmax") {
          const dot = places.reduce((sum, p) => sum + dy[p] * exps[p], 0);
          const size = places.reduce((sum, p) => sum + Math.abs(dy[p] * exps[p]), 0);
          for (const p of places) {
            addTo(dx, p, (dy[p] - dot) * exps[p]);
            dx.terms[p] += (Math.abs(dy[p]) + size) * exps[p];
          }
          return;
        }
        places.forEach((place, i) => {
          const others = places.reduce((p, q, j) => i === j ? p : p * x.data[q], 1);
          const slope = kind === "prod" ? others : x.data[place] === output.data[g] ? 1 : 0;
          addTo(dx, place, dy[g] * slope);
        });
      });
      return [dx];
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

/** Rows of 0 and one 1 each. */
function oneHot(chance: Chance): KernelCase {
  const count = chance.integer(1, 9), depth = chance.integer(2, 9);
  const x: Values = zeros([count]);
  x.data.forEach((_, i) => x.data[i] = chance.integer(-1, depth));
  const output = zeros([count, depth]);
  x.data.forEach((index, i) => {
    if (index >= 0 && index < depth) output.data[i * depth + index] = 1;
  });
  return {
    what: `oneHot of ${x.data}, depth ${depth}`,
    inputs: [x],
    run: (tf, [x]) => tf.cast(tf.oneHot(tf.cast(x, "int32"), depth), "float32"),
    output,
    gradients: () => [null],
  };
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
