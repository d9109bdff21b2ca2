import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { type AtenOp, axesOf, axisOf, sizeOf } from "./aten_op.ts";
import { floats, summable, toDtype } from "./dtypes.ts";
import { aten } from "./schema.ts";

type Dims = readonly number[] | number | null;

/** Axes to reduce; an empty list means all. */
interface Over {
  dim?: Dims;
  keepdim?: boolean;
}

function sum(tf: TensorFlow, self: Tensor, dtype: string | null, { dim = null, keepdim }: Over) {
  const x = summable(tf, self, dtype);
  return tf.sum(x, axesOf(dim, x.rank), keepdim);
}

/** Returns the mean. */
function mean(tf: TensorFlow, self: Tensor, { dim = null, keepdim }: Over = {}): Tensor {
  return tf.mean(floats(tf, self), axesOf(dim, self.rank), keepdim);
}

function product(
  tf: TensorFlow,
  self: Tensor,
  dtype: string | null,
  { dim = null, keepdim }: Over,
) {
  const x = summable(tf, self, dtype);
  return tf.prod(x, axesOf(dim, x.rank), keepdim);
}

/** Returns the number of entries along axes. */
const countOf = (x: Tensor, dim: Dims) => sizeOf(axesOf(dim, x.rank).map((axis) => x.shape[axis]));

/** Returns the variance; `correction` is subtracted from the number of entries. */
function variance(
  tf: TensorFlow,
  x: Tensor,
  { dim = null, keepdim, correction }: Over & { correction: number },
): Tensor {
  const centred = tf.sub(x, mean(tf, x, { dim, keepdim: true }));
  const divisor = Math.max(0, countOf(x, dim) - correction);
  return tf.div(tf.sum(tf.square(centred), axesOf(dim, x.rank), keepdim), divisor);
}

const deviation = (tf: TensorFlow, x: Tensor, over: Over & { correction: number }) =>
  tf.sqrt(variance(tf, x, over));

/** Returns a norm of the entries along axes. */
export function vectorNorm(
  tf: TensorFlow,
  self: Tensor,
  order: number,
  { dim = null, keepdim }: Over,
): Tensor {
  const x = floats(tf, self), axes = axesOf(dim, x.rank);
  if (order === 2) return euclidean(tf, x, axes, { keepdim });
  const sizes = tf.mul(x, tf.sign(x)) as Tensor;
  if (order === Infinity) return tf.max(sizes, axes, keepdim);
  if (order === -Infinity) return tf.min(sizes, axes, keepdim);
  if (order === 1) return tf.sum(sizes, axes, keepdim);
  if (order === 0) return tf.sum(tf.cast(tf.notEqual(x, 0), "float32"), axes, keepdim);
  return tf.pow(tf.sum(tf.pow(sizes, order), axes, keepdim), 1 / order);
}

/** Returns the Euclidean norm; where it is 0, so is its gradient. */
function euclidean(tf: TensorFlow, x: Tensor, axes: number[], { keepdim }: Over): Tensor {
  const squares = tf.sum(tf.square(x), axes, keepdim) as Tensor;
  const isZero = tf.equal(squares, 0);
  const root = tf.sqrt(tf.where(isZero, tf.onesLike(squares), squares));
  return tf.where(isZero, tf.zerosLike(squares), root);
}

export const LARGEST = { largest: true }, SMALLEST = { largest: false };

/** Returns the largest or smallest entries; equal ones share the gradient. */
export function extreme(
  tf: TensorFlow,
  x: Tensor,
  { largest }: typeof LARGEST,
  over: Over,
): Tensor {
  const axes = axesOf(over.dim ?? null, x.rank);
  if (x.dtype === "bool") {
    return largest ? tf.any(x, axes, over.keepdim) : tf.all(x, axes, over.keepdim);
  }
  return largest ? tf.max(x, axes, over.keepdim) : tf.min(x, axes, over.keepdim);
}

/** Returns the first place of the largest or smallest entry along an axis, or of all. */
function place(
  tf: TensorFlow,
  self: Tensor,
  { largest }: typeof LARGEST,
  { dim, keepdim }: { dim: number | null; keepdim?: boolean },
): Tensor {
  const x = dim === null ? tf.reshape(self, [self.size]) : self;
  if (x.rank === 0) return tf.scalar(0, "int32");
  const axis = dim === null ? 0 : axisOf(dim, x.rank);
  const values = floats(tf, x);
  const found = tf.argMax(largest ? values : tf.neg(values), axis) as Tensor;
  if (!keepdim) return found;
  return tf.reshape(found, dim === null ? self.shape.map(() => 1) : self.shape.with(axis, 1));
}

/** Returns the entries of an axis at given places, one for each row. */
export function pick(tf: TensorFlow, x: Tensor, axis: number, places: Tensor): Tensor {
  const size = x.shape[axis];
  const inner = sizeOf(x.shape.slice(axis + 1));
  const own = Array.from(places.dataSync());
  const count = sizeOf(places.shape.slice(0, axis)) === 0 ? 0 : places.shape[axis];
  const flat = own.map((at, i) => {
    const outer = Math.floor(i / (count * inner));
    return (outer * size + at) * inner + i % inner;
  });
  const indices = tf.tensor1d(flat, "int32");
  return tf.reshape(tf.gather(tf.reshape(x, [x.size]), indices), places.shape);
}

function extremeAlong(
  tf: TensorFlow,
  x: Tensor,
  order: typeof LARGEST,
  { dim, keepdim }: { dim: number; keepdim: boolean },
): Tensor[] {
  if (x.rank === 0) return [x, tf.scalar(0, "int32")];
  const axis = axisOf(dim, x.rank);
  const places = place(tf, x, order, { dim, keepdim: true });
  const values = pick(tf, x, axis, places);
  const shape = keepdim ? places.shape : x.shape.toSpliced(axis, 1);
  return [values, places].map((one) => tf.reshape(one, shape));
}

/** Returns the logarithm of the sum of exponentials: -Infinity if all are. */
export function logSumExp(tf: TensorFlow, self: Tensor, { dim = null, keepdim }: Over): Tensor {
  const x = floats(tf, self), axes = axesOf(dim, x.rank);
  const highest = tf.max(x, axes, true) as Tensor;
  const base = tf.where(tf.isFinite(highest), highest, tf.zerosLike(highest)) as Tensor;
  const logs = tf.add(tf.log(tf.sum(tf.exp(tf.sub(x, base)), axes, true)), base) as Tensor;
  return keepdim === true ? logs : tf.squeeze(logs, axes);
}

const isTrue = (tf: TensorFlow, x: Tensor) => toDtype(tf, x, "bool");

/** Returns a norm of a matrix or a vector, as `torch.linalg.norm`. */
function linalgNorm(
  tf: TensorFlow,
  x: Tensor,
  order: number | null,
  { dim = null, keepdim }: Over,
) {
  const isMatrix = Array.isArray(dim) ? dim.length === 2 : order !== null && x.rank === 2;
  if (isMatrix && order !== null) {
    throw new InputError({
      place: "The order of the norm of a matrix",
      found: String(order),
      expected: "None",
    });
  }
  return vectorNorm(tf, x, order ?? 2, { dim, keepdim });
}

/** Sums, means, norms and extremes. */
export const REDUCTIONS: readonly AtenOp[] = [
  aten(
    "sum(Tensor self, *, ScalarType? dtype=None) -> Tensor",
    ({ self, dtype }, { tf }) => sum(tf, self, dtype, {}),
  ),
  aten(
    "sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ({ self, dtype, dim, keepdim }, { tf }) => sum(tf, self, dtype, { dim, keepdim }),
  ),
  aten(
    "mean(Tensor self, *, ScalarType? dtype=None) -> Tensor",
    ({ self }, { tf }) => mean(tf, self),
  ),
  aten(
    "mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ({ self, dim, keepdim }, { tf }) => mean(tf, self, { dim, keepdim }),
  ),
  aten(
    "prod(Tensor self, *, ScalarType? dtype=None) -> Tensor",
    ({ self, dtype }, { tf }) => product(tf, self, dtype, {}),
  ),
  aten(
    "prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ({ self, dtype, dim, keepdim }, { tf }) => product(tf, self, dtype, { dim, keepdim }),
  ),
  ...([["amax", "max", "argmax", LARGEST], ["amin", "min", "argmin", SMALLEST]] as const).flatMap((
    [over, extremum, where, order],
  ) => [
    aten(
      `${over}(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor`,
      ({ self, dim, keepdim }, { tf }) => extreme(tf, self, order, { dim, keepdim }),
    ),
    aten(`${extremum}(Tensor self) -> Tensor`, ({ self }, { tf }) => extreme(tf, self, order, {})),
    aten(
      `${extremum}.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)`,
      ({ self, dim, keepdim }, { tf }) => extremeAlong(tf, self, order, { dim, keepdim }),
    ),
    aten(
      `${where}(Tensor self, int? dim=None, bool keepdim=False) -> Tensor`,
      ({ self, dim, keepdim }, { tf }) => place(tf, self, order, { dim, keepdim }),
    ),
  ]),
  ...([["var", variance], ["std", deviation]] as const).flatMap(([name, spread]) => [
    aten(
      `${name}_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)`,
      ({ self, unbiased }, { tf }) => [
        spread(tf, self, { correction: Number(unbiased) }),
        mean(tf, self),
      ],
    ),
    aten(
      `${name}(Tensor self, bool unbiased=True) -> Tensor`,
      ({ self, unbiased }, { tf }) => spread(tf, self, { correction: Number(unbiased) }),
    ),
    aten(
      `${name}.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor`,
      ({ self, dim, unbiased, keepdim }, { tf }) =>
        spread(tf, self, { dim, keepdim, correction: Number(unbiased) }),
    ),
    aten(
      `${name}.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor`,
      ({ self, dim, correction, keepdim }, { tf }) =>
        spread(tf, self, { dim, keepdim, correction: correction ?? 1 }),
    ),
    aten(
      `${name}_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> (Tensor, Tensor)`,
      ({ self, dim, correction, keepdim }, { tf }) => [
        spread(tf, self, { dim, keepdim, correction: correction ?? 1 }),
        mean(tf, self, { dim, keepdim }),
      ],
    ),
    aten(
      `${name}_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)`,
      ({ self, dim, unbiased, keepdim }, { tf }) => [
        spread(tf, self, { dim, keepdim, correction: Number(unbiased) }),
        mean(tf, self, { dim, keepdim }),
      ],
    ),
  ]),
  aten(
    "linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ({ self, ord, dim, keepdim }, { tf }) => vectorNorm(tf, self, ord, { dim, keepdim }),
  ),
  aten(
    "linalg_norm(Tensor self, Scalar? ord=None, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ({ self, ord, dim, keepdim }, { tf }) => linalgNorm(tf, self, ord, { dim, keepdim }),
  ),
  aten(
    "norm.Scalar(Tensor self, Scalar p=2) -> Tensor",
    ({ self, p }, { tf }) => vectorNorm(tf, self, p, {}),
  ),
  aten(
    "norm.ScalarOpt_dim(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor",
    ({ self, p, dim, keepdim }, { tf }) => vectorNorm(tf, self, p ?? 2, { dim, keepdim }),
  ),
  aten(
    "frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor",
    ({ self, dim, keepdim }, { tf }) => vectorNorm(tf, self, 2, { dim, keepdim }),
  ),
  aten(
    "logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor",
    ({ self, dim, keepdim }, { tf }) => logSumExp(tf, self, { dim, keepdim }),
  ),
  aten("any(Tensor self) -> Tensor", ({ self }, { tf }) => tf.any(isTrue(tf, self))),
  aten("all(Tensor self) -> Tensor", ({ self }, { tf }) => tf.all(isTrue(tf, self))),
  aten(
    "any.dim(Tensor self, int dim, bool keepdim=False) -> Tensor",
    ({ self, dim, keepdim }, { tf }) => tf.any(isTrue(tf, self), axesOf(dim, self.rank), keepdim),
  ),
  aten(
    "all.dim(Tensor self, int dim, bool keepdim=False) -> Tensor",
    ({ self, dim, keepdim }, { tf }) => tf.all(isTrue(tf, self), axesOf(dim, self.rank), keepdim),
  ),
  aten("count_nonzero(Tensor self, int? dim=None) -> Tensor", ({ self, dim }, { tf }) => {
    return tf.sum(toDtype(tf, isTrue(tf, self), "int32"), axesOf(dim, self.rank));
  }),
  aten(
    "nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
    ({ self, dim, keepdim, dtype }, { tf }) => {
      const known = self.dtype === "float32"
        ? tf.where(tf.isNaN(self), tf.zerosLike(self), self)
        : self;
      return sum(tf, known, dtype, { dim, keepdim });
    },
  ),
  aten(
    "pairwise_distance(Tensor x1, Tensor x2, float p=2., float eps=9.9999999999999995e-07, bool keepdim=False) -> Tensor",
    ({ x1, x2, p, eps, keepdim }, { tf }) =>
      vectorNorm(tf, tf.add(tf.sub(x1, x2), eps), p, { dim: -1, keepdim }),
  ),
  aten(
    "dist(Tensor self, Tensor other, Scalar p=2) -> Tensor",
    ({ self, other, p }, { tf }) => vectorNorm(tf, tf.sub(self, other), p, {}),
  ),
  aten(
    "cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor",
    ({ x1, x2, dim, eps }, { tf }) => {
      const shape = tf.broadcast_util.assertAndGetBroadcastShape(x1.shape, x2.shape);
      const axis = [axisOf(dim, shape.length)];
      const unit = (x: Tensor) => {
        const norm = vectorNorm(tf, x, 2, { dim: axis, keepdim: true });
        return tf.div(x, tf.maximum(norm, eps));
      };
      return tf.sum(tf.mul(unit(tf.broadcastTo(x1, shape)), unit(tf.broadcastTo(x2, shape))), axis);
    },
  ),
  aten(
    "cdist(Tensor x1, Tensor x2, float p=2., int? compute_mode=None) -> Tensor",
    ({ x1, x2, p }, { tf }) => {
      const a = tf.expandDims(x1, -2), b = tf.expandDims(x2, -3);
      return vectorNorm(tf, tf.sub(a, b), p, { dim: -1 });
    },
  ),
];
