import {
  activate,
  map,
  matMul,
  type NdArray,
  ndArray,
  normalize,
  take,
  transpose,
  zip,
} from "../reference/mod.ts";
import type { Row } from "../row.ts";
import { dilationRow, mirrorPadRow } from "./image_operations.ts";
import { cumsumRow, gatherRow, oneHotRow, segmentSumRow } from "./indexed_operations.ts";
import { operation } from "./operation.ts";
import type { Extent } from "./pooling.ts";

/** Two inputs that broadcast. */
export function binaryRow(
  name: "maximum" | "minimum" | "squaredDifference",
  a: number[],
  b: number[],
): Row {
  const f = {
    maximum: Math.max,
    minimum: Math.min,
    squaredDifference: (p: number, q: number) => (p - q) ** 2,
  }[name];
  return operation(
    name,
    `[${a}] and [${b}]`,
    [{ shape: a }, { shape: b }],
    (tf, [p, q]) => tf[name](p, q),
    ([p, q]) => zip(p, q, f),
  );
}

/** Batch normalisation with statistics along any axes. */
export function batchNormRow(shape: number[], axes: number[]): Row {
  const own = axes.length === 1 && axes[0] === shape.length - 1
    ? [shape.at(-1)!]
    : shape.map((n, axis) => axes.includes(axis) ? n : 1);
  return operation(
    "batchNorm",
    `[${own}] on [${shape}]`,
    [
      { shape },
      { shape: own },
      { shape: own, draw: "positive" },
      { shape: own },
      { shape: own },
    ],
    (tf, [x, mean, variance, offset, scale]) =>
      tf.batchNorm(x, mean as never, variance as never, offset as never, scale as never, 0.01),
    ([x, mean, variance, offset, scale]) => normalize(x, mean, variance, 0.01, scale, offset),
  );
}

/** Whole numbers and fractions made true or false. */
export function castRow(values: number[]): Row {
  return operation(
    "cast",
    `${JSON.stringify(values)} to bool`,
    [{ shape: [values.length], values }],
    (tf, [x]) => tf.cast(x, "bool"),
    ([x]) => map(x, (value) => value === 0 ? 0 : 1),
    { discrete: true },
  );
}

/** Options of a {@linkcode matMulRow}. */
export interface MatMulOptions {
  rows: number;
  inner: number;
  columns: number;
  /** Number of products at once; 0 for matrices without a batch axis. */
  batch?: number;
  transposeA?: boolean;
  transposeB?: boolean;
  /** With it the operation is the fused one, with a bias. */
  activation?: "linear" | "relu" | "elu" | "sigmoid";
}

/** Products of matrices, either of them transposed, with a bias and an activation in one. */
export function matMulRow(options: MatMulOptions): Row {
  const { rows, inner, columns, batch = 0, transposeA = false, transposeB = false } = options;
  const { activation } = options;
  const shape = (first: number, second: number, isTransposed: boolean) => [
    ...(batch === 0 ? [] : [batch]),
    ...(isTransposed ? [second, first] : [first, second]),
  ];
  const stacked = (m: NdArray, isTransposed: boolean) => {
    const wide = ndArray([Math.max(batch, 1), ...m.shape.slice(-2)], m.data);
    return isTransposed ? transpose(wide, [0, 2, 1]) : wide;
  };
  return operation(
    activation ? "fused.matMul" : "matMul",
    JSON.stringify(options),
    [
      { shape: shape(rows, inner, transposeA) },
      { shape: shape(inner, columns, transposeB) },
      ...(activation ? [{ shape: [columns] }] : []),
    ],
    (tf, [a, b, bias]) =>
      activation
        ? tf.fused.matMul({ a, b, transposeA, transposeB, bias, activation })
        : tf.matMul(a, b, transposeA, transposeB),
    ([a, b, bias]) => {
      const left = stacked(a, transposeA), right = stacked(b, transposeB);
      const products = Array.from(
        { length: Math.max(batch, 1) },
        (_, i) => matMul(take(left, 0, i), take(right, 0, i)),
      );
      const y = ndArray(shape(rows, columns, false), products.flatMap(({ data }) => [...data]));
      return activation ? activate(zip(y, bias, (v, b) => v + b), activation) : y;
    },
  );
}

const EXTENT: Extent = { batch: 2, space: [5, 4], channels: 2 };

/** Operations that no layer of `tf.layers` uses, or not so, but a custom layer may. */
export const OPERATIONS: Row[] = [
  dilationRow({ window: [2, 2], strides: [1, 1], dilations: [1, 1], pad: "valid" }, EXTENT),
  dilationRow({ window: [3, 2], strides: [2, 1], dilations: [1, 1], pad: "same" }, EXTENT),
  dilationRow({ window: [2, 2], strides: [1, 1], dilations: [2, 1], pad: "same" }, EXTENT),
  mirrorPadRow([4], [[2, 1]], "reflect"),
  mirrorPadRow([3, 4], [[2, 1], [0, 3]], "reflect"),
  mirrorPadRow([3, 4], [[3, 1], [2, 4]], "symmetric"),
  mirrorPadRow([2, 3, 2, 2], [[0, 0], [2, 2], [1, 1], [0, 0]], "reflect"),
  binaryRow("maximum", [3, 1], [1, 4]),
  binaryRow("minimum", [4], [2, 3, 4]),
  binaryRow("squaredDifference", [2, 1, 3], [4, 3]),
  batchNormRow([2, 3, 4], [1]),
  batchNormRow([2, 3, 4, 2], [1]),
  batchNormRow([2, 3, 4, 2], [3]),
  oneHotRow([0, 2, 3, -1, 1, 1], 3, "int32"),
  oneHotRow([0, 2, 3, -1, 1, 1], 3, "float32"),
  oneHotRow([0, 2, 3, -1, 1, 1], 3, "bool"),
  castRow([0, 1, 0.5, -0.5, 256, -1, 3]),
  matMulRow({ rows: 3, inner: 4, columns: 5 }),
  matMulRow({ rows: 3, inner: 60, columns: 5, transposeA: true }),
  matMulRow({ rows: 3, inner: 60, columns: 5, transposeB: true }),
  matMulRow({ rows: 3, inner: 4, columns: 5, transposeA: true, transposeB: true }),
  matMulRow({ rows: 3, inner: 4, columns: 5, batch: 3, transposeB: true }),
  matMulRow({ rows: 3, inner: 60, columns: 5, activation: "linear" }),
  matMulRow({ rows: 3, inner: 60, columns: 5, transposeA: true, activation: "linear" }),
  matMulRow({ rows: 3, inner: 60, columns: 5, transposeB: true, activation: "relu" }),
  matMulRow({ rows: 2, inner: 50, columns: 3, batch: 2, activation: "relu" }),
  gatherRow(4, 3, [1, 1, 0, 3, 1]),
  segmentSumRow(4, 3, [1, 1, -1, 3, 9, 0]),
  cumsumRow([5], 0),
  cumsumRow([3, 3], 0),
  cumsumRow([2, 3, 2], 1, { reverse: true }),
  cumsumRow([2, 3, 4], 0, { exclusive: true, reverse: true }),
  cumsumRow([2, 3, 4], 2, { exclusive: true }),
];
