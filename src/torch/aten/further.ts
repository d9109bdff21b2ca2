import { OPTIONS } from "./creation.ts";
import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { powerOf } from "./arithmetic.ts";
import { alongAxis, type AtenOp, axesOf, axisOf, exchange, sizeOf } from "./aten_op.ts";
import { dtypeOf, floats, promoted, summable, toDtype } from "./dtypes.ts";
import { differentiate } from "./host.ts";
import { trueEntries } from "./indexing.ts";
import { inverse, requireSquare, turned } from "./linear_algebra.ts";
import { diagonalScatter, embed } from "./masks.ts";
import { sortAlong } from "./orders.ts";
import { concatenate, flip, slice, splitAt, splitSections } from "./parts.ts";
import { matMul } from "./products.ts";
import { extreme, LARGEST, logSumExp, SMALLEST, vectorNorm } from "./reductions.ts";
import { aten } from "./schema.ts";
import { permute } from "./shapes.ts";

/** Counts each whole number, or adds up the weights of each. */
function countEach(tf: TensorFlow, x: Tensor, weights: Tensor | null, least: number): Tensor {
  const values = x.dataSync(), added = weights?.dataSync();
  const size = Array.from(values).reduce((most, value) => Math.max(most, value + 1), least);
  const counts = new Float32Array(size);
  values.forEach((value, i) => {
    if (value < 0) {
      throw new InputError({ place: "An entry", found: String(value), expected: "at least 0" });
    }
    counts[value] += added?.[i] ?? 1;
  });
  return tf.tensor(counts, [size], weights === null ? "int32" : "float32");
}

/** Steps, zeros and bounds of whole numbers that stand for floats. */
interface Grid {
  scale: Tensor;
  zero: Tensor;
  low: number;
  high: number;
}

/** Rounds to a grid; entries between its ends have a gradient, as if they were not rounded. */
function onGrid(tf: TensorFlow, x: Tensor, { scale, zero, low, high }: Grid): Tensor {
  const places = (x: Tensor, scale: Tensor, zero: Tensor) =>
    tf.add(tf.round(tf.mul(x, tf.div(1, scale))), zero) as Tensor;
  return differentiate(tf, [x, scale, toDtype(tf, zero, "float32")], {
    forward: (x, scale, zero) =>
      tf.mul(tf.sub(tf.clipByValue(places(x, scale, zero), low, high), zero), scale),
    backward: [
      (dy, [x, scale, zero]) => {
        const at = places(x, scale, zero);
        const inside = tf.logicalAnd(tf.greaterEqual(at, low), tf.lessEqual(at, high));
        return tf.mul(dy, tf.cast(inside, "float32"));
      },
      (_dy, [, scale]) => tf.zerosLike(scale),
      (_dy, [, , zero]) => tf.zerosLike(zero),
    ],
  });
}

/** Areas between neighbours by the trapezoidal rule. */
function areas(tf: TensorFlow, y: Tensor, dim: number, width: number | Tensor): Tensor {
  const axis = axisOf(dim, y.rank), size = y.shape[axis];
  const parts = (x: Tensor, axis: number) => [
    slice(tf, x, { axis, start: 1, end: size }),
    slice(tf, x, { axis, start: 0, end: size - 1 }),
  ];
  const [later, earlier] = parts(y, axis);
  const means = tf.mul(tf.add(later, earlier), 0.5) as Tensor;
  if (typeof width === "number") return tf.mul(means, width);
  const [next, last] = parts(width, width.rank === 1 ? 0 : axis);
  const steps = tf.sub(next, last) as Tensor;
  return tf.mul(
    means,
    steps.rank === 1 ? tf.reshape(steps, alongAxis(y.rank, axis, size - 1)) : steps,
  );
}

function matrixPower(tf: TensorFlow, x: Tensor, n: number): Tensor {
  const size = requireSquare(x);
  const base = n < 0 ? inverse(tf, x) : x;
  let power: Tensor = tf.add(tf.zerosLike(x), tf.eye(size));
  for (let i = 0; i < Math.abs(n); i++) power = matMul(tf, power, base);
  return power;
}

/** Window of a Fourier transform: a sum of cosines. */
function cosines(tf: TensorFlow, size: number, period: number, shares: readonly number[]) {
  const turns = 2 * Math.PI / Math.max(1, period);
  const values = Array.from(
    { length: size },
    (_, i) =>
      size === 1
        ? 1
        : shares.reduce((sum, share, k) => sum + (-1) ** k * share * Math.cos(k * i * turns), 0),
  );
  return tf.tensor1d(values);
}

/** Windows by the shares of their cosines. */
const WINDOWS = { hann: [0.5, 0.5], hamming: [0.54, 0.46], blackman: [0.42, 0.5, 0.08] } as const;

/** Sums of a norm of matrices: over rows or columns first. */
function matrixNorm(
  tf: TensorFlow,
  x: Tensor,
  { order, dim, keepdim }: { order: number | string; dim: readonly number[]; keepdim: boolean },
): Tensor {
  const axes = dim.map((axis) => axisOf(axis, x.rank));
  if (order === "fro") return vectorNorm(tf, x, 2, { dim: axes, keepdim });
  const size = Math.abs(Number(order));
  if (size !== 1 && size !== Infinity) {
    throw new InputError({
      place: "ord",
      found: String(order),
      expected: '"fro", 1, -1, inf or -inf',
    });
  }
  const [inner, outer] = size === 1 ? axes : axes.toReversed();
  const sums = vectorNorm(tf, x, 1, { dim: inner, keepdim: true });
  const over = { dim: outer, keepdim: true };
  const found = extreme(tf, sums, Number(order) > 0 ? LARGEST : SMALLEST, over);
  return keepdim ? found : tf.squeeze(found, axes);
}

/** Returns all choices of r of the numbers from `from` to before n; the next one is `step` away. */
function choices(n: number, r: number, step: 0 | 1, from = 0): number[][] {
  if (r === 0) return [[]];
  return Array.from({ length: n - from }, (_, i) => from + i).flatMap((first) =>
    choices(n, r - 1, step, first + step).map((rest) => [first, ...rest])
  );
}

const asVolume = (tf: TensorFlow, x: Tensor): Tensor => {
  if (x.rank === 2) return tf.reshape(x, [...x.shape, 1]);
  return x.rank < 2 ? tf.reshape(x, [1, x.size, 1]) : x;
};

/** Operations of many subjects that few programs have. */
export const FURTHER: readonly AtenOp[] = [
  aten(
    "bincount(Tensor self, Tensor? weights=None, SymInt minlength=0) -> Tensor",
    ({ self, weights, minlength }, { tf }) => countEach(tf, self, weights, minlength),
  ),
  aten(
    "nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ({ self, dim, keepdim, dtype }, { tf }) => {
      const axes = axesOf(dim, self.rank), x = summable(tf, self, dtype);
      const isLost = tf.isNaN(x);
      const sums = tf.sum(tf.where(isLost, tf.zerosLike(x), x), axes, keepdim);
      return tf.div(sums, tf.sum(tf.cast(tf.logicalNot(isLost), "float32"), axes, keepdim));
    },
  ),
  aten(
    "aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)",
    ({ self, dim, keepdim }, { tf }) =>
      [SMALLEST, LARGEST].map((order) => extreme(tf, self, order, { dim, keepdim })),
  ),
  aten(
    "msort(Tensor self) -> Tensor",
    ({ self }, { tf }) => sortAlong(tf, self, { dim: 0, descending: false })[0],
  ),
  aten(
    "fake_quantize_per_tensor_affine(Tensor self, float scale, int zero_point, int quant_min, int quant_max) -> Tensor",
    ({ self, scale, zero_point, quant_min: low, quant_max: high }, { tf }) =>
      onGrid(tf, self, { scale: tf.scalar(scale), zero: tf.scalar(zero_point), low, high }),
  ),
  aten(
    "fake_quantize_per_tensor_affine.tensor_qparams(Tensor self, Tensor scale, Tensor zero_point, int quant_min, int quant_max) -> Tensor",
    ({ self, scale, zero_point: zero, quant_min: low, quant_max: high }, { tf }) =>
      onGrid(tf, self, { scale, zero, low, high }),
  ),
  aten(
    "fake_quantize_per_channel_affine(Tensor self, Tensor scale, Tensor zero_point, int axis, int quant_min, int quant_max) -> Tensor",
    ({ self, scale, zero_point, axis, quant_min: low, quant_max: high }, { tf }) => {
      const shape = alongAxis(self.rank, axisOf(axis, self.rank), scale.size);
      const [own, zero] = [scale, zero_point].map((one) => tf.reshape(one, shape) as Tensor);
      return onGrid(tf, self, { scale: own, zero, low, high });
    },
  ),
  aten("logaddexp2(Tensor self, Tensor other) -> Tensor", ({ self, other }, { tf }) => {
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(self.shape, other.shape);
    const pair = [self, other].map((x) => tf.mul(tf.broadcastTo(x, shape), Math.LN2) as Tensor);
    return tf.div(logSumExp(tf, tf.stack(pair), { dim: 0 }), Math.LN2);
  }),
  aten(
    "float_power.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor",
    ({ self, exponent }, { tf }) => powerOf(tf, floats(tf, self), exponent),
  ),
  aten(
    "float_power.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor",
    ({ self, exponent }, { tf }) => tf.pow(floats(tf, self), floats(tf, exponent)),
  ),
  aten(
    "ldexp.Tensor(Tensor self, Tensor other) -> Tensor",
    ({ self, other }, { tf }) => tf.mul(floats(tf, self), tf.pow(2, floats(tf, other))),
  ),
  aten("copysign.Tensor(Tensor self, Tensor other) -> Tensor", ({ self, other }, { tf }) => {
    const [x, y] = promoted(tf, floats(tf, self), other);
    const signs = Float32Array.from(y.dataSync(), (one) => one < 0 || Object.is(one, -0) ? -1 : 1);
    const turns = tf.mul(tf.sign(x), tf.tensor(signs, y.shape));
    return tf.mul(x, turns);
  }),
  aten(
    "signbit(Tensor self) -> Tensor",
    ({ self }, { tf }) =>
      tf.tensor(
        Array.from(self.dataSync(), (one) => Number(one < 0 || Object.is(one, -0))),
        self.shape,
        "bool",
      ),
  ),
  aten("block_diag(Tensor[] tensors) -> Tensor", ({ tensors }, { tf }) => {
    const blocks = tensors.map((one) => one.rank < 2 ? tf.reshape(one, [1, one.size]) : one);
    const width = blocks.reduce((sum, { shape }) => sum + shape[1]!, 0);
    let before = 0;
    const rows = blocks.map((block) => {
      const own = block.shape[1]!;
      const padded = tf.pad(block, [[0, 0], [before, width - before - own]]);
      before += own;
      return padded as Tensor;
    });
    return concatenate(tf, rows, 0);
  }),
  aten("cartesian_prod(Tensor[] tensors) -> Tensor", ({ tensors }, { tf }) => {
    if (tensors.length === 1) return tensors[0];
    const shape = tensors.map(({ size }) => size);
    const columns = tensors.map((one, i) =>
      tf.reshape(
        tf.broadcastTo(tf.reshape(one, alongAxis(shape.length, i, one.size)), shape),
        [sizeOf(shape), 1],
      ) as Tensor
    );
    return concatenate(tf, columns, 1);
  }),
  aten(
    "combinations(Tensor self, int r=2, bool with_replacement=False) -> Tensor",
    ({ self, r, with_replacement }, { tf }) => {
      const rows = choices(self.size, r, with_replacement ? 0 : 1);
      return tf.reshape(tf.gather(self, tf.tensor1d(rows.flat(), "int32")), [rows.length, r]);
    },
  ),
  aten(
    "dstack(Tensor[] tensors) -> Tensor",
    ({ tensors }, { tf }) => concatenate(tf, tensors.map((one) => asVolume(tf, one)), 2),
  ),
  aten("atleast_3d(Tensor self) -> Tensor", ({ self }, { tf }) => asVolume(tf, self)),
  ...(["hsplit", "vsplit", "dsplit"] as const).flatMap((name, i) => {
    const dimOf = (x: Tensor) => name === "hsplit" ? Math.min(1, x.rank - 1) : [1, 0, 2][i];
    return [
      aten(
        `${name}.int(Tensor self, int sections) -> Tensor[]`,
        ({ self, sections }, { tf }) => splitSections(tf, self, sections, dimOf(self)),
      ),
      aten(
        `${name}.array(Tensor self, int[] indices) -> Tensor[]`,
        ({ self, indices }, { tf }) => splitAt(tf, self, indices, dimOf(self)),
      ),
    ];
  }),
  aten("rot90(Tensor self, int k=1, int[] dims=[0,1]) -> Tensor", ({ self, k, dims }, { tf }) => {
    const [a, b] = dims.map((dim) => axisOf(dim, self.rank));
    const turns = ((k % 4) + 4) % 4;
    if (turns === 0) return self;
    if (turns === 2) return flip(tf, self, [a, b]);
    const exchanged = (x: Tensor) => permute(tf, x, exchange(x.rank, a, b));
    return turns === 1 ? exchanged(flip(tf, self, [b])) : flip(tf, exchanged(self), [b]);
  }),
  aten(
    "diagflat(Tensor self, int offset=0) -> Tensor",
    ({ self, offset }, { tf }) =>
      embed(tf, tf.reshape(self, [self.size]), { offset, dim1: 0, dim2: 1 }),
  ),
  aten(
    "diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor",
    ({ self, src, ...axes }, { tf }) => diagonalScatter(tf, self, src, axes),
  ),
  aten(
    "vander(Tensor x, int? N=None, bool increasing=False) -> Tensor",
    ({ x, N, increasing }, { tf }) => {
      const count = N ?? x.size;
      const powers = Array.from(
        { length: count },
        (_, i) => powerOf(tf, x, increasing ? i : count - 1 - i),
      );
      return tf.stack(powers, 1);
    },
  ),
  ...["trapezoid", "trapz"].flatMap((name) => [
    aten(
      `${name}.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor`,
      ({ y, x, dim }, { tf }) => tf.sum(areas(tf, y, dim, x), axisOf(dim, y.rank)),
    ),
    name === "trapz"
      ? aten(
        "trapz.dx(Tensor y, *, float dx=1, int dim=-1) -> Tensor",
        ({ y, dx, dim }, { tf }) => tf.sum(areas(tf, y, dim, dx), axisOf(dim, y.rank)),
      )
      : aten(
        "trapezoid.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor",
        ({ y, dx, dim }, { tf }) => tf.sum(areas(tf, y, dim, dx), axisOf(dim, y.rank)),
      ),
  ]),
  aten(
    "cumulative_trapezoid.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor",
    ({ y, x, dim }, { tf }) => tf.cumsum(areas(tf, y, dim, x), axisOf(dim, y.rank)),
  ),
  aten(
    "cumulative_trapezoid.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor",
    ({ y, dx, dim }, { tf }) => tf.cumsum(areas(tf, y, dim, dx), axisOf(dim, y.rank)),
  ),
  ...["linalg_matrix_power", "matrix_power"].map((name) =>
    aten(`${name}(Tensor self, int n) -> Tensor`, ({ self, n }, { tf }) => matrixPower(tf, self, n))
  ),
  aten(
    "linalg_matrix_norm(Tensor self, Scalar ord, int[] dim=[-2,-1], bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ({ self, ord, dim, keepdim }, { tf }) => matrixNorm(tf, self, { order: ord, dim, keepdim }),
  ),
  aten(
    "linalg_matrix_norm.str_ord(Tensor self, str ord='fro', int[] dim=[-2,-1], bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ({ self, ord, dim, keepdim }, { tf }) => matrixNorm(tf, self, { order: ord, dim, keepdim }),
  ),
  aten("cholesky_inverse(Tensor self, bool upper=False) -> Tensor", ({ self, upper }, { tf }) => {
    const other = turned(tf, self);
    return inverse(tf, upper ? matMul(tf, other, self) : matMul(tf, self, other));
  }),
  aten(
    "addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
    ({ self, vec1, vec2, beta, alpha }, { tf }) => {
      const product = tf.mul(tf.reshape(vec1, [vec1.size, 1]), tf.reshape(vec2, [1, vec2.size]));
      return tf.add(tf.mul(self, beta), tf.mul(product, alpha));
    },
  ),
  aten(
    "renorm(Tensor self, Scalar p, int dim, Scalar maxnorm) -> Tensor",
    ({ self, p, dim, maxnorm }, { tf }) => {
      const own = axisOf(dim, self.rank);
      const rest = axesOf(null, self.rank).filter((axis) => axis !== own);
      const norms = vectorNorm(tf, self, p, { dim: rest, keepdim: true });
      const factors = tf.div(maxnorm, tf.add(norms, 1e-7)) as Tensor;
      return tf.mul(self, tf.where(tf.greater(norms, maxnorm), factors, tf.onesLike(factors)));
    },
  ),
  aten("pdist(Tensor self, float p=2) -> Tensor", ({ self, p }, { tf }) => {
    const pairs = choices(self.shape[0], 2, 1);
    const rows = (side: number) =>
      tf.gather(self, tf.tensor1d(pairs.map((pair) => pair[side]), "int32")) as Tensor;
    return vectorNorm(tf, tf.sub(rows(0), rows(1)), p, { dim: 1 });
  }),
  aten(
    "nonzero_static(Tensor self, *, SymInt size, int fill_value=-1) -> Tensor",
    ({ self, size, fill_value }, { tf }) => {
      const found = tf.stack(trueEntries(tf, self), 1) as Tensor;
      const rows = Array.from({ length: size }, (_, i) => i);
      const values = found.dataSync(), rank = self.rank;
      return tf.tensor(
        rows.flatMap((row) =>
          Array.from({ length: rank }, (_, i) => values[row * rank + i] ?? fill_value)
        ),
        [size, rank],
        "int32",
      );
    },
  ),
  ...Object.entries(WINDOWS).flatMap(([name, shares]) => [
    aten(
      `${name}_window(int window_length, *, ${OPTIONS}) -> Tensor`,
      ({ window_length, dtype }, { tf }) =>
        toDtype(tf, cosines(tf, window_length, window_length, shares), dtypeOf(dtype)),
    ),
    aten(
      `${name}_window.periodic(int window_length, bool periodic, *, ${OPTIONS}) -> Tensor`,
      ({ window_length, periodic, dtype }, { tf }) =>
        toDtype(
          tf,
          cosines(tf, window_length, window_length - Number(!periodic), shares),
          dtypeOf(dtype),
        ),
    ),
  ]),
];
