import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { type AtenOp, exchange, sizeOf } from "./aten_op.ts";
import { differentiate } from "./host.ts";
import { matMul } from "./products.ts";
import { aten } from "./schema.ts";

/** Square matrix of float64 entries, row by row. */
type Matrix = Float64Array;

/** Returns the transposed matrices. */
export function turned(tf: TensorFlow, x: Tensor): Tensor {
  return tf.transpose(x, exchange(x.rank, x.rank - 2, x.rank - 1));
}

export function requireSquare(x: Tensor): number {
  const [rows, columns] = x.shape.slice(-2);
  if (x.rank >= 2 && rows === columns) return rows;
  throw new InputError({ place: "A matrix", found: x.shape.join(" x "), expected: "a square one" });
}

/** Applies a function to each matrix of a batch, in float64. */
function mapMatrices(
  tf: TensorFlow,
  x: Tensor,
  map: (matrix: Matrix, size: number) => ArrayLike<number>,
): Tensor {
  const size = requireSquare(x), entries = x.dataSync(), out = new Float32Array(entries.length);
  for (let at = 0; at < out.length; at += size ** 2) {
    out.set(map(Float64Array.from(entries.subarray(at, at + size ** 2)), size), at);
  }
  return tf.tensor(out, x.shape);
}

const singular = () =>
  new InputError({ place: "A matrix", found: "singular", expected: "one with an inverse" });

/** Factors a matrix in place by Gauss, with the largest pivots. Returns the rows and the sign. */
function factor(a: Matrix, n: number): { rows: number[]; sign: number } {
  const rows = Array.from({ length: n }, (_, i) => i);
  let sign = 1;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(a[i * n + k]) > Math.abs(a[best * n + k])) best = i;
    }
    if (best !== k) {
      sign = -sign;
      [rows[k], rows[best]] = [rows[best], rows[k]];
      for (let j = 0; j < n; j++) {
        [a[k * n + j], a[best * n + j]] = [a[best * n + j], a[k * n + j]];
      }
    }
    if (a[k * n + k] === 0) continue;
    for (let i = k + 1; i < n; i++) {
      const share = a[i * n + k] /= a[k * n + k];
      for (let j = k + 1; j < n; j++) a[i * n + j] -= share * a[k * n + j];
    }
  }
  return { rows, sign };
}

function invert(a: Matrix, n: number): Matrix {
  const { rows } = factor(a, n), out = new Float64Array(n * n);
  for (let column = 0; column < n; column++) {
    for (let i = 0; i < n; i++) {
      let sum = Number(rows[i] === column);
      for (let j = 0; j < i; j++) sum -= a[i * n + j] * out[j * n + column];
      out[i * n + column] = sum;
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = out[i * n + column];
      for (let j = i + 1; j < n; j++) sum -= a[i * n + j] * out[j * n + column];
      if (a[i * n + i] === 0) throw singular();
      out[i * n + column] = sum / a[i * n + i];
    }
  }
  return out;
}

function lowerFactor(a: Matrix, n: number): Matrix {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= out[i * n + k] * out[j * n + k];
      if (i === j && !(sum > 0)) {
        throw new InputError({
          place: "A matrix of cholesky",
          found: "not positive definite",
          expected: "a positive definite one",
        });
      }
      out[i * n + j] = i === j ? Math.sqrt(sum) : sum / out[j * n + j];
    }
  }
  return out;
}

/** Returns the inverse of each matrix. */
export function inverse(tf: TensorFlow, x: Tensor): Tensor {
  return differentiate(tf, [x], {
    forward: (x) => mapMatrices(tf, x, invert),
    backward: [(dy, _inputs, y) => {
      const left = matMul(tf, turned(tf, y), dy);
      return tf.neg(matMul(tf, left, turned(tf, y)));
    }],
  });
}

/** Returns the part of matrices below the diagonal; the diagonal is multiplied by a number. */
function lowerPart(tf: TensorFlow, x: Tensor, diagonal: number): Tensor {
  return mapMatrices(
    tf,
    x,
    (a, n) =>
      a.map((value, i) => {
        const row = Math.floor(i / n), column = i % n;
        if (column < row) return value;
        return column === row ? value * diagonal : 0;
      }),
  );
}

/** Returns the lower or upper factors of positive definite matrices. */
function cholesky(tf: TensorFlow, x: Tensor, { upper }: { upper: boolean }): Tensor {
  const lower = differentiate(tf, [x], {
    forward: (x) => mapMatrices(tf, x, lowerFactor),
    backward: [(dy, _inputs, y) => {
      const inner = lowerPart(tf, matMul(tf, turned(tf, y), dy), 0.5);
      const back = mapMatrices(tf, y, invert);
      const whole = matMul(tf, matMul(tf, turned(tf, back), inner), back);
      return tf.mul(tf.add(whole, turned(tf, whole)), 0.5);
    }],
  });
  return upper ? turned(tf, lower) : lower;
}

/** Returns the sign and the logarithm of the size of each determinant. */
function determinants(tf: TensorFlow, x: Tensor): [sign: Tensor, log: Tensor] {
  const n = requireSquare(x), shape = x.shape.slice(0, -2), entries = x.dataSync();
  const signs = new Float32Array(sizeOf(shape));
  const logs = signs.map((_, at) => {
    const a = Float64Array.from(entries.subarray(at * n * n, (at + 1) * n * n));
    const { sign } = factor(a, n);
    const diagonal = Array.from({ length: n }, (_, i) => a[i * (n + 1)]);
    signs[at] = diagonal.reduce((sign, value) => sign * Math.sign(value), sign);
    return diagonal.reduce((sum, value) => sum + Math.log(Math.abs(value)), 0);
  });
  const log = differentiate(tf, [x], {
    forward: () => tf.tensor(logs, shape),
    backward: [(dy, [x]) => {
      const weight = tf.reshape(dy, [...shape, 1, 1]);
      return tf.mul(weight, turned(tf, mapMatrices(tf, x, invert)));
    }],
  });
  return [tf.tensor(signs, shape), log];
}

function determinant(tf: TensorFlow, x: Tensor): Tensor {
  const [sign, log] = determinants(tf, x);
  return tf.mul(sign, tf.exp(log));
}

/** Solves AX = B, or XA = B; B may be a vector. */
function solve(tf: TensorFlow, a: Tensor, b: Tensor, { left = true }: { left?: boolean }): Tensor {
  const isVector = b.rank === 1 ||
    b.rank === a.rank - 1 && `${b.shape}` === `${a.shape.slice(0, -1)}`;
  const right = isVector ? tf.expandDims(b, b.rank) : b;
  const solved = left ? matMul(tf, inverse(tf, a), right) : matMul(tf, right, inverse(tf, a));
  return isVector ? tf.reshape(solved, solved.shape.slice(0, -1)) : solved;
}

/** Returns triangular matrices: entries elsewhere are not read, and those on the diagonal may be 1. */
function triangular(
  tf: TensorFlow,
  x: Tensor,
  { upper, unit }: { upper: boolean; unit: boolean },
): Tensor {
  const n = requireSquare(x);
  const places = Array.from({ length: n * n }, (_, i) => (i % n) - Math.floor(i / n));
  const kept = tf.tensor2d(
    places.map((d) => d === 0 ? Number(!unit) : Number(upper ? d > 0 : d < 0)),
    [n, n],
  );
  const part = tf.mul(x, kept) as Tensor;
  return unit ? tf.add(part, tf.eye(n)) : part;
}

/** Returns the first columns of a product of Householder's reflections. */
function householderProduct(tf: TensorFlow, x: Tensor, tau: Tensor): Tensor {
  const [rows, columns] = x.shape.slice(-2), outer = x.shape.slice(0, -2);
  const start = tf.eye(rows, columns);
  let product: Tensor = tf.broadcastTo(start, [...outer, rows, columns]);
  const vectors = tf.unstack(x, x.rank - 1), factors = tf.unstack(tau, tau.rank - 1);
  for (const [k, factor] of [...factors.entries()].toReversed()) {
    const below = tf.tensor1d(Array.from({ length: rows }, (_, i) => Number(i > k)));
    const own = tf.tensor1d(Array.from({ length: rows }, (_, i) => Number(i === k)));
    const v = tf.expandDims(tf.add(tf.mul(vectors[k], below), own) as Tensor, -1);
    const scaled = tf.mul(v, tf.reshape(factor, [...outer, 1, 1])) as Tensor;
    product = tf.sub(product, matMul(tf, scaled, matMul(tf, turned(tf, v), product)));
  }
  return product;
}

/** Inverses, factors and determinants of matrices, in float64. */
export const LINEAR_ALGEBRA: readonly AtenOp[] = [
  aten("inverse(Tensor self) -> Tensor", ({ self }, { tf }) => inverse(tf, self)),
  aten("linalg_inv(Tensor A) -> Tensor", ({ A }, { tf }) => inverse(tf, A)),
  aten(
    "linalg_inv_ex(Tensor A, *, bool check_errors=False) -> (Tensor inverse, Tensor info)",
    ({ A }, { tf }) => [inverse(tf, A), tf.zeros(A.shape.slice(0, -2), "int32")],
  ),
  aten(
    "linalg_solve(Tensor A, Tensor B, *, bool left=True) -> Tensor",
    ({ A, B, left }, { tf }) => solve(tf, A, B, { left }),
  ),
  aten(
    "linalg_solve_ex(Tensor A, Tensor B, *, bool left=True, bool check_errors=False) -> (Tensor result, Tensor info)",
    (
      { A, B, left },
      { tf },
    ) => [solve(tf, A, B, { left }), tf.zeros(A.shape.slice(0, -2), "int32")],
  ),
  aten(
    "linalg_solve_triangular(Tensor self, Tensor B, *, bool upper, bool left=True, bool unitriangular=False) -> Tensor",
    ({ self, B, upper, left, unitriangular: unit }, { tf }) =>
      solve(tf, triangular(tf, self, { upper, unit }), B, { left }),
  ),
  aten(
    "linalg_cholesky(Tensor self, *, bool upper=False) -> Tensor",
    ({ self, upper }, { tf }) => cholesky(tf, self, { upper }),
  ),
  aten(
    "linalg_cholesky_ex(Tensor self, *, bool upper=False, bool check_errors=False) -> (Tensor L, Tensor info)",
    (
      { self, upper },
      { tf },
    ) => [cholesky(tf, self, { upper }), tf.zeros(self.shape.slice(0, -2), "int32")],
  ),
  aten(
    "cholesky_solve(Tensor self, Tensor input2, bool upper=False) -> Tensor",
    ({ self, input2, upper }, { tf }) => {
      const lower = upper ? turned(tf, input2) : input2;
      return solve(tf, matMul(tf, lower, turned(tf, lower)), self, {});
    },
  ),
  aten("det(Tensor self) -> Tensor", ({ self }, { tf }) => determinant(tf, self)),
  aten("linalg_det(Tensor A) -> Tensor", ({ A }, { tf }) => determinant(tf, A)),
  aten("logdet(Tensor self) -> Tensor", ({ self }, { tf }) => determinants(tf, self)[1]),
  aten(
    "slogdet(Tensor self) -> (Tensor sign, Tensor logabsdet)",
    ({ self }, { tf }) => determinants(tf, self),
  ),
  aten(
    "linalg_slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet)",
    ({ A }, { tf }) => determinants(tf, A),
  ),
  aten(
    "linalg_householder_product(Tensor input, Tensor tau) -> Tensor",
    ({ input, tau }, { tf }) => householderProduct(tf, input, tau),
  ),
];
