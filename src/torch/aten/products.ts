import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { type AtenOp, axisOf, sizeOf } from "./aten_op.ts";
import { promoted } from "./dtypes.ts";
import { add, multiply, times } from "./arithmetic.ts";
import { aten } from "./schema.ts";

/** Returns x W^T + b over the last axis, as one product. */
function linear(tf: TensorFlow, x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const features = x.shape.at(-1) ?? 1;
  const kernel = weight.rank === 1 ? tf.reshape(weight, [1, weight.size]) : weight;
  if (features !== kernel.shape[1]) {
    throw new InputError({
      place: "The last axis of input",
      found: String(features),
      expected: `${kernel.shape[1]}, as the weight has`,
    });
  }
  const rows = x.rank === 2 ? x : tf.reshape(x, [x.size / features, features]);
  const product = tf.matMul(rows as never, kernel as never, false, true) as Tensor;
  const sum = bias === null ? product : tf.add(product, bias);
  const units = weight.rank === 1 ? [] : [kernel.shape[0]!];
  return x.rank === 2 && weight.rank === 2
    ? sum
    : tf.reshape(sum, [...x.shape.slice(0, -1), ...units]);
}

/** Returns the product of matrices, whose batches broadcast; vectors are rows or columns. */
export function matMul(tf: TensorFlow, self: Tensor, other: Tensor): Tensor {
  const [a, b] = promoted(tf, self, other);
  if (a.rank === 0 || b.rank === 0) {
    throw new InputError({ place: "matmul", verb: "has", found: "a scalar", expected: "vectors" });
  }
  const left = a.rank === 1 ? tf.reshape(a, [1, a.size]) : a;
  const right = b.rank === 1 ? tf.reshape(b, [b.size, 1]) : b;
  const product = multiplyBatches(tf, left, right);
  const { shape } = product;
  if (a.rank === 1 && b.rank === 1) return tf.reshape(product, []);
  if (a.rank === 1) return tf.reshape(product, shape.toSpliced(-2, 1));
  return b.rank === 1 ? tf.reshape(product, shape.slice(0, -1)) : product;
}

function multiplyBatches(tf: TensorFlow, a: Tensor, b: Tensor): Tensor {
  const isWhole = a.dtype !== "float32";
  const [left, right] = isWhole ? [a, b].map((one) => tf.cast(one, "float32")) : [a, b];
  const product = tf.matMul(left, right) as Tensor;
  return isWhole ? tf.cast(product, "int32") : product;
}

function requireRank(name: string, x: Tensor, rank: number): void {
  if (x.rank === rank) return;
  throw new InputError({
    place: `The rank of ${name}`,
    found: String(x.rank),
    expected: `${rank}`,
  });
}

/** Returns the product over the given axes of two tensors. */
function tensordot(
  tf: TensorFlow,
  a: Tensor,
  b: Tensor,
  [dimsA, dimsB]: readonly (readonly number[])[],
): Tensor {
  const ofA = dimsA.map((dim) => axisOf(dim, a.rank));
  const ofB = dimsB.map((dim) => axisOf(dim, b.rank));
  const restA = a.shape.map((_, axis) => axis).filter((axis) => !ofA.includes(axis));
  const restB = b.shape.map((_, axis) => axis).filter((axis) => !ofB.includes(axis));
  const sizes = (x: Tensor, axes: number[]) => axes.map((axis) => x.shape[axis]);
  const shared = sizeOf(sizes(a, ofA));
  const left = tf.reshape(tf.transpose(a, [...restA, ...ofA]), [-1, shared]);
  const right = tf.reshape(tf.transpose(b, [...ofB, ...restB]), [shared, -1]);
  return tf.reshape(matMul(tf, left, right), [...sizes(a, restA), ...sizes(b, restB)]);
}

/** Multiplies the rows up to each offset by a matrix of their own. */
export function groupedProduct(tf: TensorFlow, rows: Tensor, weights: Tensor, offsets: Tensor) {
  requireRank("input", rows, 2);
  requireRank("weight", weights, 3);
  const ends = [...offsets.dataSync()];
  const parts = ends.flatMap((end, i) => {
    const start = ends[i - 1] ?? 0;
    if (end <= start) return [];
    const own = tf.slice(rows, [start, 0], [end - start, -1]);
    const weight = tf.gather(weights, tf.scalar(i, "int32")) as Tensor;
    return [tf.matMul(own, weight) as Tensor];
  });
  const rest = rows.shape[0]! - (ends.at(-1) ?? 0);
  if (rest > 0) parts.push(tf.zeros([rest, weights.shape[2]!]));
  return tf.concat(parts) as Tensor;
}

/** Adds a product to a tensor, each times a number. */
function addProduct(
  tf: TensorFlow,
  self: Tensor,
  product: Tensor,
  { beta, alpha }: { beta: number; alpha: number },
): Tensor {
  const scaled = times(tf, product, alpha);
  return beta === 0 ? scaled : add(tf, times(tf, self, beta), scaled);
}

/** Returns a sum over products, written as an equation. */
function einsum(tf: TensorFlow, equation: string, tensors: readonly Tensor[]): Tensor {
  // Gradients of an operand alone, such as a trace or a transposition, broadcast over the sum.
  return tf.einsum(equation.replaceAll(" ", ""), ...promoted(tf, ...tensors));
}

/** Terms of the series of an exponential, enough for matrices whose entries are below 1/2. */
const EXP_TERMS = 12;

/** Returns the exponential of matrices: the series of a part of them, squared. */
function matrixExp(tf: TensorFlow, x: Tensor): Tensor {
  const largest = tf.max(tf.sum(tf.abs(x), -1)).dataSync()[0];
  const squarings = Math.max(0, Math.ceil(Math.log2(Math.max(largest, 1e-30))) + 1);
  const part = tf.mul(x, 2 ** -squarings) as Tensor;
  const one = tf.eye(x.shape.at(-1)!) as Tensor;
  let sum: Tensor = tf.add(one, tf.mul(part, 1 / EXP_TERMS));
  for (let k = EXP_TERMS - 1; k > 0; k--) {
    sum = tf.add(one, tf.mul(matMul(tf, part, sum), 1 / k));
  }
  for (let k = 0; k < squarings; k++) sum = matMul(tf, sum, sum);
  return sum;
}

/** Products of matrices and vectors. */
export const PRODUCTS: readonly AtenOp[] = [
  aten(
    "linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor",
    ({ input, weight, bias }, { tf }) => linear(tf, input, weight, bias),
  ),
  ...["matmul", "linalg_matmul"].map((name) =>
    aten(
      `${name}(Tensor self, Tensor other) -> Tensor`,
      ({ self, other }, { tf }) => matMul(tf, self, other),
    )
  ),
  aten("mm(Tensor self, Tensor mat2) -> Tensor", ({ self, mat2 }, { tf }) => {
    requireRank("self", self, 2);
    requireRank("mat2", mat2, 2);
    return matMul(tf, self, mat2);
  }),
  aten("bmm(Tensor self, Tensor mat2) -> Tensor", ({ self, mat2 }, { tf }) => {
    requireRank("self", self, 3);
    requireRank("mat2", mat2, 3);
    return matMul(tf, self, mat2);
  }),
  aten("mv(Tensor self, Tensor vec) -> Tensor", ({ self, vec }, { tf }) => {
    requireRank("vec", vec, 1);
    return matMul(tf, self, vec);
  }),
  aten("dot(Tensor self, Tensor tensor) -> Tensor", ({ self, tensor }, { tf }) => {
    requireRank("self", self, 1);
    return matMul(tf, self, tensor);
  }),
  aten("vdot(Tensor self, Tensor other) -> Tensor", ({ self, other }, { tf }) => {
    requireRank("self", self, 1);
    return matMul(tf, self, other);
  }),
  ...["outer", "ger"].map((name) =>
    aten(
      `${name}(Tensor self, Tensor vec2) -> Tensor`,
      ({ self, vec2 }, { tf }) => multiply(tf, tf.reshape(self, [self.size, 1]), vec2),
    )
  ),
  aten("inner(Tensor self, Tensor other) -> Tensor", ({ self, other }, { tf }) => {
    if (self.rank === 0 || other.rank === 0) return multiply(tf, self, other);
    return tensordot(tf, self, other, [[-1], [-1]]);
  }),
  aten(
    "tensordot(Tensor self, Tensor other, int[] dims_self, int[] dims_other) -> Tensor",
    ({ self, other, dims_self, dims_other }, { tf }) =>
      tensordot(tf, self, other, [dims_self, dims_other]),
  ),
  aten(
    "addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
    ({ self, mat1, mat2, beta, alpha }, { tf }) =>
      addProduct(tf, self, matMul(tf, mat1, mat2), { beta, alpha }),
  ),
  aten(
    "addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
    ({ self, mat, vec, beta, alpha }, { tf }) =>
      addProduct(tf, self, matMul(tf, mat, vec), { beta, alpha }),
  ),
  aten(
    "baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
    ({ self, batch1, batch2, beta, alpha }, { tf }) =>
      addProduct(tf, self, matMul(tf, batch1, batch2), { beta, alpha }),
  ),
  aten(
    "addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
    ({ self, batch1, batch2, beta, alpha }, { tf }) =>
      addProduct(tf, self, tf.sum(matMul(tf, batch1, batch2), 0), { beta, alpha }),
  ),
  aten(
    "linalg_multi_dot(Tensor[] tensors) -> Tensor",
    ({ tensors }, { tf }) => tensors.reduce((product, next) => matMul(tf, product, next)),
  ),
  aten(
    "bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor",
    ({ input1, input2, weight, bias }, { tf }) => {
      const [out, left, right] = weight.shape as [number, number, number];
      const rows = tf.reshape(input1, [-1, left]) as Tensor;
      const product = tf.matMul(rows, tf.reshape(tf.transpose(weight, [1, 0, 2]), [left, -1]));
      const terms = tf.reshape(product, [-1, out, right]);
      const sum = tf.sum(tf.mul(terms, tf.reshape(input2, [-1, 1, right])), 2);
      const result = bias === null ? sum : tf.add(sum, bias);
      return tf.reshape(result, [...input1.shape.slice(0, -1), out]);
    },
  ),
  aten(
    "einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor",
    ({ equation, tensors }, { tf }) => einsum(tf, equation, tensors),
  ),
  ...["matrix_exp", "linalg_matrix_exp"].map((name) =>
    aten(`${name}(Tensor self) -> Tensor`, ({ self }, { tf }) => matrixExp(tf, self))
  ),
  aten(
    "_grouped_mm(Tensor self, Tensor mat2, Tensor? offs=None, Tensor? bias=None, ScalarType? out_dtype=None) -> Tensor",
    ({ self, mat2, offs, bias }, { tf }) => {
      if (self.rank === 3 || offs === null || bias !== null) {
        const product = matMul(tf, self, mat2);
        return bias === null ? product : tf.add(product, bias);
      }
      return groupedProduct(tf, self, mat2, offs);
    },
  ),
  aten("kron(Tensor self, Tensor other) -> Tensor", ({ self, other }, { tf }) => {
    requireRank("self", self, 2);
    requireRank("other", other, 2);
    const [a, b] = self.shape as [number, number], [c, d] = other.shape as [number, number];
    const products = tf.mul(tf.reshape(self, [a, 1, b, 1]), tf.reshape(other, [1, c, 1, d]));
    return tf.reshape(products, [a * c, b * d]);
  }),
  aten(
    "linalg_cross(Tensor self, Tensor other, *, int dim=-1) -> Tensor",
    ({ self, other, dim }, { tf }) => {
      const axis = axisOf(dim, self.rank);
      const turned = (x: Tensor, order: number[]) =>
        tf.gather(x, tf.tensor1d(order, "int32"), axis);
      const one = tf.mul(turned(self, [1, 2, 0]), turned(other, [2, 0, 1]));
      return tf.sub(one, tf.mul(turned(self, [2, 0, 1]), turned(other, [1, 2, 0])));
    },
  ),
];
