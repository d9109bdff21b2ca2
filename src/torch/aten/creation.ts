import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { AtenOp } from "./aten_op.ts";
import { type Dtype, dtypeOf, requireInt32, scalar, toDtype } from "./dtypes.ts";
import { aten } from "./schema.ts";

const OPTIONS =
  "ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None";
const LIKE_OPTIONS = `${OPTIONS}, MemoryFormat? memory_format=None` as const;
const WHOLE_OPTIONS =
  "ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None";

function filled(
  tf: TensorFlow,
  shape: readonly number[],
  value: number,
  dtype: Dtype,
): Tensor {
  requireInt32(value, dtype);
  if (dtype === "bool") {
    return value === 0 ? tf.zeros([...shape], "bool") : tf.ones([...shape], "bool");
  }
  return tf.fill([...shape], dtype === "int32" ? Math.trunc(value) : value, dtype);
}

/** Returns the dtype of numbers in Python. */
const dtypeOfNumbers = (values: number[], wholeFloats: ReadonlySet<string>): Dtype =>
  values.every(Number.isInteger) && wholeFloats.size === 0 ? "int32" : "float32";

/** Returns the numbers from `start` to before `end`. */
function arange(
  tf: TensorFlow,
  { start = 0, end, step = 1, dtype }: {
    start?: number;
    end: number;
    step?: number;
    dtype: string | null;
  },
  wholeFloats: ReadonlySet<string>,
): Tensor {
  const made = dtypeOf(dtype, dtypeOfNumbers([start, end, step], wholeFloats));
  const count = Math.max(0, Math.ceil((end - start) / step));
  const values = Array.from({ length: count }, (_, i) => start + i * step);
  values.slice(-1).forEach((value) => requireInt32(value, made));
  return tf.tensor1d(values, made as "int32");
}

function linspace(start: number, end: number, steps: number): number[] {
  const step = steps > 1 ? (end - start) / (steps - 1) : 0;
  return Array.from({ length: steps }, (_, i) => i === steps - 1 && i > 0 ? end : start + i * step);
}

/** Returns the rows and columns of the entries of a triangle. */
function triangle(
  tf: TensorFlow,
  { row, col }: { row: number; col: number },
  includes: (row: number, column: number) => boolean,
): Tensor {
  const rows: number[] = [], columns: number[] = [];
  for (let i = 0; i < row; i++) {
    for (let j = 0; j < col; j++) {
      if (!includes(i, j)) continue;
      rows.push(i);
      columns.push(j);
    }
  }
  return tf.tensor([...rows, ...columns], [2, rows.length], "int32");
}

/** Values of tensors by what they are created for. An `empty` one is zeros, so that runs repeat. */
const CONSTANTS: Record<string, number> = { zeros: 0, ones: 1, empty: 0 };

/** Tensors from nothing but numbers. */
export const CREATION: readonly AtenOp[] = [
  ...["zeros", "ones"].map((name) =>
    aten(
      `${name}(SymInt[] size, *, ${OPTIONS}) -> Tensor`,
      ({ size, dtype }, { tf }) => filled(tf, size, CONSTANTS[name], dtypeOf(dtype)),
    )
  ),
  ...Object.entries(CONSTANTS).flatMap(([name, value]) => [
    aten(
      `${name}_like(Tensor self, *, ${LIKE_OPTIONS}) -> Tensor`,
      ({ self, dtype }, { tf }) =>
        filled(tf, self.shape, value, dtypeOf(dtype, self.dtype as Dtype)),
    ),
    aten(
      `new_${name}(Tensor self, SymInt[] size, *, ${OPTIONS}) -> Tensor`,
      ({ self, size, dtype }, { tf }) =>
        filled(tf, size, value, dtypeOf(dtype, self.dtype as Dtype)),
    ),
  ]),
  aten(
    `empty.memory_format(SymInt[] size, *, ${LIKE_OPTIONS}) -> Tensor`,
    ({ size, dtype }, { tf }) => filled(tf, size, 0, dtypeOf(dtype)),
  ),
  aten(
    `empty_permuted(SymInt[] size, int[] physical_layout, *, ${OPTIONS}) -> Tensor`,
    ({ size, dtype }, { tf }) => filled(tf, size, 0, dtypeOf(dtype)),
  ),
  aten(
    `full(SymInt[] size, Scalar fill_value, *, ${OPTIONS}) -> Tensor`,
    ({ size, fill_value, dtype }, { tf }, wholeFloats) =>
      filled(tf, size, fill_value, dtypeOf(dtype, dtypeOfNumbers([fill_value], wholeFloats))),
  ),
  aten(
    `full_like(Tensor self, Scalar fill_value, *, ${LIKE_OPTIONS}) -> Tensor`,
    ({ self, fill_value, dtype }, { tf }) =>
      filled(tf, self.shape, fill_value, dtypeOf(dtype, self.dtype as Dtype)),
  ),
  aten(
    `new_full(Tensor self, SymInt[] size, Scalar fill_value, *, ${OPTIONS}) -> Tensor`,
    ({ self, size, fill_value, dtype }, { tf }) =>
      filled(tf, size, fill_value, dtypeOf(dtype, self.dtype as Dtype)),
  ),
  aten(
    `scalar_tensor(Scalar s, *, ${OPTIONS}) -> Tensor`,
    ({ s, dtype }, { tf }) => scalar(tf, s, dtypeOf(dtype)),
  ),
  aten(
    `arange(Scalar end, *, ${OPTIONS}) -> Tensor`,
    ({ end, dtype }, { tf }, wholeFloats) => arange(tf, { end, dtype }, wholeFloats),
  ),
  aten(
    `arange.start(Scalar start, Scalar end, *, ${OPTIONS}) -> Tensor`,
    ({ start, end, dtype }, { tf }, wholeFloats) => arange(tf, { start, end, dtype }, wholeFloats),
  ),
  aten(
    `arange.start_step(Scalar start, Scalar end, Scalar step=1, *, ${OPTIONS}) -> Tensor`,
    ({ start, end, step, dtype }, { tf }, wholeFloats) =>
      arange(tf, { start, end, step, dtype }, wholeFloats),
  ),
  aten(
    `linspace(Scalar start, Scalar end, int steps, *, ${OPTIONS}) -> Tensor`,
    ({ start, end, steps, dtype }, { tf }) =>
      toDtype(tf, tf.tensor1d(linspace(start, end, steps)), dtypeOf(dtype)),
  ),
  aten(
    `logspace(Scalar start, Scalar end, int steps, float base=10., *, ${OPTIONS}) -> Tensor`,
    ({ start, end, steps, base, dtype }, { tf }) => {
      const values = linspace(start, end, steps).map((power) => base ** power);
      return toDtype(tf, tf.tensor1d(values), dtypeOf(dtype));
    },
  ),
  aten(
    `eye(SymInt n, *, ${OPTIONS}) -> Tensor`,
    ({ n, dtype }, { tf }) => toDtype(tf, tf.eye(n), dtypeOf(dtype)),
  ),
  aten(
    `eye.m(SymInt n, SymInt m, *, ${OPTIONS}) -> Tensor`,
    ({ n, m, dtype }, { tf }) => toDtype(tf, tf.eye(n, m), dtypeOf(dtype)),
  ),
  aten(
    `tril_indices(int row, int col, int offset=0, *, ${WHOLE_OPTIONS}) -> Tensor`,
    ({ row, col, offset }, { tf }) => triangle(tf, { row, col }, (i, j) => j <= i + offset),
  ),
  aten(
    `triu_indices(int row, int col, int offset=0, *, ${WHOLE_OPTIONS}) -> Tensor`,
    ({ row, col, offset }, { tf }) => triangle(tf, { row, col }, (i, j) => j >= i + offset),
  ),
];
