import {
  add,
  concat,
  map,
  matMul,
  multiply,
  type NdArray,
  ndArray,
  reduce,
  stack,
  sum,
  take,
  transpose,
  zip,
} from "../reference/mod.ts";
import type { Row } from "../row.ts";
import { describe, make, type Options } from "./make.ts";

const COMBINE: Record<string, (arrays: NdArray[]) => NdArray> = {
  add: (arrays) => arrays.reduce(add),
  average: (arrays) => map(arrays.reduce(add), (x) => x / arrays.length),
  multiply: (arrays) => arrays.reduce(multiply),
  maximum: (arrays) => arrays.reduce((a, b) => zip(a, b, Math.max)),
  minimum: (arrays) => arrays.reduce((a, b) => zip(a, b, Math.min)),
};

const SHAPES: [string, number[][]][] = [
  ["two inputs", [[2, 3], [2, 3]]],
  ["three inputs", [[2, 3, 2], [2, 3, 2], [2, 3, 2]]],
  ["broadcasting [2,1,3] and [2,4,3]", [[2, 1, 3], [2, 4, 3]]],
  ["broadcasting [2,4,1] and [2,1,3]", [[2, 4, 1], [2, 1, 3]]],
  ["ranks 2 and 3", [[2, 3], [2, 4, 3]]],
  ["ranks 4 and 2", [[2, 2, 3, 2], [2, 2]]],
];

/** A batch axis, then ones, then the rest: how merge layers bring ranks together. */
const raise = (a: NdArray, rank: number) =>
  ndArray(
    [a.shape[0], ...Array(rank - a.shape.length).fill(1), ...a.shape.slice(1)],
    a.data,
  );

const elementwise: Row[] = Object.entries(COMBINE).flatMap(([subject, combine]) =>
  SHAPES.map(([options, shapes]): Row => ({
    subject,
    options,
    inputs: shapes.map((shape) => ({ shape })),
    create: make(subject),
    reference(inputs) {
      const rank = Math.max(...inputs.map(({ shape }) => shape.length));
      return combine(inputs.map((input) => raise(input, rank)));
    },
  }))
);

/** A row of a concatenation. */
export const concatenateRow = (options: Options, shapes: number[][], axis: number): Row => ({
  subject: "concatenate",
  options: describe(options) || "default",
  inputs: shapes.map((shape) => ({ shape })),
  create: make("concatenate", options),
  reference: (inputs) => concat(inputs, axis),
});

/** Divides by the length along an axis, at least the square root of 1e-7. */
const unit = (a: NdArray, axis: number) =>
  zip(
    a,
    reduce(a, [axis], true, (v) => Math.sqrt(Math.max(sum(v.map((x) => x * x)), 1e-7))),
    (x, length) => x / length,
  );

/** Contracts one axis of each input, example by example. */
function dot(a: NdArray, b: NdArray, [axisA, axisB]: number[]): NdArray {
  const matrix = (m: NdArray, axis: number, last: boolean) => {
    if (m.shape.length === 1) return ndArray(last ? [1, m.shape[0]] : [m.shape[0], 1], m.data);
    return (axis === m.shape.length - 1) === last ? m : transpose(m, [1, 0]);
  };
  const examples = Array.from({ length: a.shape[0] }, (_, i) =>
    matMul(
      matrix(take(a, 0, i), axisA - 1, true),
      matrix(take(b, 0, i), axisB - 1, false),
    ));
  const full = stack(examples, 0);
  const shape = [
    a.shape[0],
    ...a.shape.filter((_, axis) => axis !== 0 && axis !== axisA),
    ...b.shape.filter((_, axis) => axis !== 0 && axis !== axisB),
  ];
  return ndArray(shape.length === 1 ? [shape[0], 1] : shape, full.data);
}

/** A row of a dot product along an axis of each input. */
export function dotRow(shapes: number[][], axes: number | number[], normalize = false): Row {
  const pair = (Array.isArray(axes) ? axes : [axes, axes])
    .map((axis, i) => axis < 0 ? axis + shapes[i].length : axis);
  return {
    subject: "dot",
    options: `${JSON.stringify(shapes)}, ${describe({ axes, normalize })}`,
    inputs: shapes.map((shape) => ({ shape })),
    create: make("dot", { axes, normalize }),
    reference: ([a, b]) =>
      normalize ? dot(unit(a, pair[0]), unit(b, pair[1]), pair) : dot(a, b, pair),
  };
}

/** The layers of several inputs. */
export const MERGING: Row[] = [
  ...elementwise,
  concatenateRow({}, [[2, 3], [2, 2]], 1),
  concatenateRow({ axis: 1 }, [[2, 3, 2], [2, 1, 2], [2, 2, 2]], 1),
  concatenateRow({ axis: 2 }, [[2, 2, 3, 2], [2, 2, 1, 2]], 2),
  concatenateRow({ axis: -1 }, [[2, 3, 2], [2, 3, 4]], 2),
  dotRow([[3, 4], [3, 4]], 1),
  dotRow([[3, 4], [3, 4]], -1, true),
  dotRow([[2, 3, 4], [2, 5, 4]], 2),
  dotRow([[2, 3, 4], [2, 4, 5]], [2, 1]),
  dotRow([[2, 4, 3], [2, 4, 5]], 1),
  dotRow([[2, 4, 3], [2, 5, 4]], [1, 2]),
  dotRow([[2, 3, 4], [2, 5, 4]], [2, 2], true),
  dotRow([[2, 3, 4], [2, 4]], [2, 1]),
  dotRow([[2, 4], [2, 3, 4]], [1, 2]),
];
