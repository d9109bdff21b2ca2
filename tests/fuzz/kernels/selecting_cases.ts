import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { Chance } from "../chance.ts";
import {
  addTo,
  draw,
  flat,
  indices,
  isFinite,
  type KernelCase,
  selection,
  type Values,
  zeros,
} from "./case.ts";
import { drawShape } from "./draw_shape.ts";

// deno-lint-ignore no-explicit-any -- operations for any number of axes, which the types tell apart
type Operations = any;

/** Operations that copy entries: parts, rows by their number, copies, mirrors, blocks. */
export function selecting(chance: Chance): KernelCase {
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

/** Products, largest entries and softmax along axes: what needs more than one entry at a time. */
export function grouped(chance: Chance): KernelCase {
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

/** Rows of 0 and one 1 each. */
export function oneHot(chance: Chance): KernelCase {
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
