import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import type { AtenContext, AtenOp } from "./aten_op.ts";
import { type Dtype, dtypeOf, floats, requireInt32, scalar, toDtype } from "./dtypes.ts";
import { aten } from "./schema.ts";

/** Parameters of operations that create a tensor. */
export const OPTIONS =
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

/** Returns 1 for each entry that is kept and 0 for each that is dropped. */
function keptEntries(context: AtenContext, shape: number[], p: number): Tensor {
  if (!(p >= 0 && p <= 1)) {
    throw new InputError({ place: "p", found: String(p), expected: "a probability" });
  }
  const { tf } = context;
  return tf.cast(tf.greaterEqual(context.uniform(shape), p), "float32");
}

/** Drops entries with probability p, and scales the others so that their mean stays. */
export function dropout(context: AtenContext, x: Tensor, p: number): Tensor {
  const { tf } = context;
  if (p === 0) return x;
  if (p === 1) return tf.mul(x, 0);
  return tf.mul(x, tf.mul(keptEntries(context, x.shape, p), 1 / (1 - p)));
}

/** Shape of the parts that are dropped as one: all of space for each channel. */
const channelShape = ({ shape }: Tensor) => shape.map((size, axis) => axis < 2 ? size : 1);

function featureDropout(context: AtenContext, x: Tensor, p: number): Tensor {
  const { tf } = context;
  if (p === 0) return x;
  if (p === 1) return tf.mul(x, 0);
  return tf.mul(x, tf.mul(keptEntries(context, channelShape(x), p), 1 / (1 - p)));
}

/** Value that entries of a self-normalising network are dropped to. */
const DROPPED = -1.7580993408473766;

function alphaDropout(context: AtenContext, x: Tensor, shape: number[], p: number): Tensor {
  const { tf } = context;
  const kept = keptEntries(context, shape, p);
  const a = 1 / Math.sqrt((DROPPED ** 2 * p + 1) * (1 - p));
  const dropped = tf.mul(tf.sub(1, kept), DROPPED);
  const mixed = tf.add(tf.mul(x, kept), dropped);
  return tf.add(tf.mul(mixed, a), -a * DROPPED * p);
}

/** Draws normal numbers from uniform ones, by Box and Muller. */
function normal(context: AtenContext, shape: readonly number[]): Tensor {
  const { tf } = context;
  const radius = tf.sqrt(tf.mul(-2, tf.log(tf.sub(1, context.uniform([...shape])))));
  return tf.mul(radius, tf.cos(tf.mul(2 * Math.PI, context.uniform([...shape]))));
}

/** Draws whole numbers from `low` to before `high`. */
function integers(
  context: AtenContext,
  shape: readonly number[],
  [low, high]: readonly [number, number],
): Tensor {
  const { tf } = context;
  const drawn = tf.floor(tf.mul(context.uniform([...shape]), high - low));
  return tf.add(tf.minimum(drawn, high - low - 1), low);
}

/** Returns 0 to before n in an order drawn at random. */
function permutation(context: AtenContext, n: number): Tensor {
  const { tf } = context;
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const draws = context.uniform([n]).dataSync();
  for (let i = n - 1; i > 0; i--) {
    const other = Math.min(i, Math.floor(draws[i] * (i + 1)));
    [order[i], order[other]] = [order[other], order[i]];
  }
  return tf.tensor1d(order, "int32");
}

/** Returns 1 with probability p; p broadcasts. */
function bernoulli(context: AtenContext, { shape, dtype }: Tensor, p: Tensor | number): Tensor {
  const { tf } = context;
  return toDtype(tf, tf.less(context.uniform(shape), p), dtype as Dtype);
}

const cast = (tf: TensorFlow, x: Tensor, dtype: string | null, otherwise: Dtype = "float32") =>
  toDtype(tf, x, dtypeOf(dtype, otherwise));

/** Dropout and random numbers. */
export const RANDOM: readonly AtenOp[] = [
  aten(
    "dropout(Tensor input, float p, bool train) -> Tensor",
    ({ input, p, train }, context) => train ? dropout(context, input, p) : input,
  ),
  aten(
    "native_dropout(Tensor input, float p, bool? train) -> (Tensor, Tensor)",
    ({ input, p, train }, context) => {
      const { tf } = context;
      if (train === false) return [input, tf.ones(input.shape, "bool")];
      const kept = keptEntries(context, input.shape, p);
      const scale = p === 1 ? 0 : 1 / (1 - p);
      return [tf.mul(input, tf.mul(kept, scale)), toDtype(tf, kept, "bool")];
    },
  ),
  aten(
    "feature_dropout(Tensor input, float p, bool train) -> Tensor",
    ({ input, p, train }, context) => train ? featureDropout(context, input, p) : input,
  ),
  aten(
    "alpha_dropout(Tensor input, float p, bool train) -> Tensor",
    ({ input, p, train }, context) =>
      train && p > 0 ? alphaDropout(context, input, input.shape, p) : input,
  ),
  aten(
    "feature_alpha_dropout(Tensor input, float p, bool train) -> Tensor",
    ({ input, p, train }, context) =>
      train && p > 0 ? alphaDropout(context, input, channelShape(input), p) : input,
  ),
  aten(
    "bernoulli(Tensor self, *, Generator? generator=None) -> Tensor",
    ({ self }, context) => bernoulli(context, self, self),
  ),
  aten(
    "bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor",
    ({ self, p }, context) => bernoulli(context, self, p),
  ),
  // The functional form of `bernoulli_`.
  aten(
    "bernoulli.float(Tensor self, float p=0.5, *, Generator? generator=None) -> Tensor",
    ({ self, p }, context) => bernoulli(context, self, p),
  ),
  aten(
    "bernoulli.Tensor(Tensor self, Tensor p, *, Generator? generator=None) -> Tensor",
    ({ self, p }, context) => bernoulli(context, self, floats(context.tf, p)),
  ),
  aten(
    `rand(SymInt[] size, *, ${OPTIONS}) -> Tensor`,
    ({ size, dtype }, context) => cast(context.tf, context.uniform([...size]), dtype),
  ),
  aten(
    `randn(SymInt[] size, *, ${OPTIONS}) -> Tensor`,
    ({ size, dtype }, context) => cast(context.tf, normal(context, size), dtype),
  ),
  aten(
    `rand_like(Tensor self, *, ${LIKE_OPTIONS}) -> Tensor`,
    ({ self, dtype }, context) => cast(context.tf, context.uniform(self.shape), dtype),
  ),
  aten(
    `randn_like(Tensor self, *, ${LIKE_OPTIONS}) -> Tensor`,
    ({ self, dtype }, context) => cast(context.tf, normal(context, self.shape), dtype),
  ),
  aten(
    `randint(SymInt high, SymInt[] size, *, ${WHOLE_OPTIONS}) -> Tensor`,
    ({ high, size, dtype }, context) =>
      cast(context.tf, integers(context, size, [0, high]), dtype, "int32"),
  ),
  aten(
    `randint.low(SymInt low, SymInt high, SymInt[] size, *, ${WHOLE_OPTIONS}) -> Tensor`,
    ({ low, high, size, dtype }, context) =>
      cast(context.tf, integers(context, size, [low, high]), dtype, "int32"),
  ),
  aten(
    `randint_like(Tensor self, SymInt high, *, ${LIKE_OPTIONS}) -> Tensor`,
    ({ self, high, dtype }, context) => {
      const drawn = integers(context, self.shape, [0, high]);
      return cast(context.tf, drawn, dtype, self.dtype as Dtype);
    },
  ),
  aten(
    `randperm(SymInt n, *, ${WHOLE_OPTIONS}) -> Tensor`,
    ({ n, dtype }, context) => cast(context.tf, permutation(context, n), dtype, "int32"),
  ),
  aten(
    "uniform(Tensor self, float from=0., float to=1., *, Generator? generator=None) -> Tensor",
    ({ self, from, to }, context) => {
      const { tf } = context;
      return tf.add(tf.mul(context.uniform(self.shape), to - from), from);
    },
  ),
  // The functional form of `normal_`.
  ...["normal", "normal_functional"].map((name) =>
    aten(
      `${name}(Tensor self, float mean=0., float std=1., *, Generator? generator=None) -> Tensor`,
      ({ self, mean, std }, context) => {
        const { tf } = context;
        return tf.add(tf.mul(normal(context, self.shape), std), mean);
      },
    )
  ),
  aten(
    "exponential(Tensor self, float lambd=1., *, Generator? generator=None) -> Tensor",
    ({ self, lambd }, context) => {
      const { tf } = context;
      return tf.div(tf.log1p(tf.neg(context.uniform(self.shape))), -lambd);
    },
  ),
];
