import type { Matrix, ProductFinish } from "../native/native_module.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { defineOp, type GradientFactory, type OpContext, type OpRepair } from "./define_op.ts";
import { broadcastOffsets, reduceLike } from "./element_wise.ts";
import type { TensorInfo } from "@tensorflow/tfjs";

/** Storage order of the operands of a product. */
interface Transposition {
  transposeA: boolean;
  transposeB: boolean;
}

/** Two batches of matrices, each stored as it is or transposed. */
interface Operands extends Transposition {
  a: TensorInfo;
  b: TensorInfo;
}

/**
 * Returns the sizes of a product: A is m x k, B is k x n.
 *
 * @throws {Error} If the shapes do not fit.
 */
function productSize({ a, b, transposeA, transposeB }: Operands) {
  const [aRows, aColumns] = a.shape.slice(-2);
  const [bRows, bColumns] = b.shape.slice(-2);
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [shared, n] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  if (k === shared) return { m, n, k };
  throw new Error(
    // deno-lint-ignore gradient-health/error-messages -- TensorFlow.js's own sentence.
    `Error in matMul: inner shapes (${k}) and (${shared}) of Tensors with shapes ${a.shape} and ` +
      `${b.shape} and transposeA=${transposeA} and transposeB=${transposeB} must match.`,
  );
}

/**
 * Multiplies two batches of matrices (rank 2 or more) with this project's GEMM, which can pack
 * transposed operands. Batch dimensions broadcast.
 *
 * @param finish `bias`: address of one float for each column of the result; `relu`: clip at 0.
 * @throws {Error} If the shapes do not fit.
 */
function matMulOnHeap(
  { tf, backend, native, address }: OpContext,
  operands: Operands,
  { bias, relu }: ProductFinish = {},
): TensorInfo {
  const { a, b, transposeA, transposeB } = operands;
  const { m, n, k } = productSize(operands);
  const matrix = (info: TensorInfo, row: number, column: number): Matrix => ({
    address: address(info),
    row: 4 * row,
    column: 4 * column,
    batch: 0,
  });
  const left = transposeA ? matrix(a, 1, m) : matrix(a, k, 1);
  const right = transposeB ? matrix(b, 1, k) : matrix(b, n, 1);
  if (a.shape.length === 2 && b.shape.length === 2) {
    const result = backend.makeOutput([m, n], "float32");
    native.matMul(left, right, address(result), { batch: 1, m, n, k, bias, relu });
    return result;
  }
  const aBatches = a.shape.slice(0, -2), bBatches = b.shape.slice(0, -2);
  const batches = tf.broadcast_util.assertAndGetBroadcastShape(aBatches, bBatches);
  const { sizeFromShape } = tf.util;
  const batch = sizeFromShape(batches), aBatch = sizeFromShape(aBatches);
  const bBatch = sizeFromShape(bBatches);
  const result = backend.makeOutput([...batches, m, n], "float32");
  const to = address(result);
  if (aBatch === batch && aBatch > 1 && bBatch === 1 && !transposeA) {
    // With a single B, the rows of all A are one product.
    native.matMul(left, right, to, { batch: 1, m: m * batch, n, k, bias, relu });
    return result;
  }
  if ([1, batch].includes(aBatch) && [1, batch].includes(bBatch)) {
    if (aBatch > 1) left.batch = 4 * m * k;
    if (bBatch > 1) right.batch = 4 * k * n;
    native.matMul(left, right, to, { batch, m, n, k, bias, relu });
    return result;
  }
  // Both broadcast, along different dimensions.
  const aFrom = broadcastOffsets(aBatches, batches), bFrom = broadcastOffsets(bBatches, batches);
  for (let i = 0; i < batch; i++) {
    const one = { ...left, address: left.address + 4 * m * k * aFrom[i] };
    const other = { ...right, address: right.address + 4 * k * n * bFrom[i] };
    native.matMul(one, other, to + 4 * m * n * i, { batch: 1, m, n, k, bias, relu });
  }
  return result;
}

/** Bias and activation that TensorFlow.js fuses with a product. */
interface Finish {
  bias?: TensorInfo;
  activation: string;
  leakyreluAlpha?: number;
  preluActivationWeights?: TensorInfo;
}

/** Ops of the activations that TensorFlow.js fuses. */
const ACTIVATIONS: Record<string, string> = {
  elu: "Elu",
  leakyrelu: "LeakyRelu",
  prelu: "Prelu",
  relu: "Relu",
  relu6: "Relu6",
  sigmoid: "Sigmoid",
};

/**
 * Computes activation(product + bias). The native product itself adds a bias of one entry per
 * column, and a relu after it, when it stores an entry; anything else follows as ops.
 *
 * @param columns Size of the product's last dimension, or `null` if the product cannot add a bias.
 * @returns The result, or `null` for an activation that TensorFlow.js does not fuse.
 */
export function finishProduct(
  { run, dispose, address }: OpContext,
  columns: number | null,
  { bias, activation, leakyreluAlpha, preluActivationWeights }: Finish,
  product: (native: { bias: number; relu: boolean }) => TensorInfo,
): TensorInfo | null {
  if (activation !== "linear" && !(activation in ACTIVATIONS)) return null;
  const isRow = bias?.shape.length === 1 && bias.shape[0] === columns;
  const relu = activation === "relu" && columns !== null && (bias === undefined || isRow);
  let result = product({ bias: bias !== undefined && isRow ? address(bias) : 0, relu });
  const then = (kernelName: string, inputs: Record<string, TensorInfo | undefined>) => {
    const next = run(kernelName, inputs, { alpha: leakyreluAlpha ?? 0 });
    dispose(result);
    result = next;
  };
  if (bias !== undefined && !isRow) then("Add", { a: result, b: bias });
  if (activation !== "linear" && !relu) {
    then(ACTIVATIONS[activation], { x: result, alpha: preluActivationWeights });
  }
  return result;
}

/**
 * `BatchMatMul`: the stock op uses XNNPACK for a plain product, but a scalar loop if an operand is
 * transposed (as in every gradient of a dense layer) or there is more than one matrix: 512^3 takes
 * 120 to 267 ms instead of 9 to 14 (2-core Xeon, Deno 2.9.6). Here one GEMM computes all of them;
 * it can pack transposed operands.
 */
const batchMatMulKernel = defineOp<Transposition>(
  "BatchMatMul",
  (context, { a, b }, attributes) =>
    a.dtype === "float32" && b.dtype === "float32"
      ? matMulOnHeap(context, { a, b, ...attributes })
      // The stock op rejects other types with an error.
      : context.stock("BatchMatMul", { a, b }, attributes),
);

/**
 * Returns the gradients of A and B, each by one product, summed over the copies of broadcasting.
 */
function productGradients(
  tf: TensorFlow,
  dy: Tensor,
  [a, b]: Tensor[],
  { transposeA, transposeB }: Transposition,
): Record<"a" | "b", () => Tensor> {
  const multiply = (a: Tensor, b: Tensor, order: Transposition) =>
    tf.engine().runKernel("BatchMatMul", { a, b }, { ...order }) as Tensor;
  const da = () =>
    transposeA
      ? multiply(b, dy, { transposeA: transposeB, transposeB: true })
      : multiply(dy, b, { transposeA: false, transposeB: !transposeB });
  const db = () =>
    transposeB
      ? multiply(dy, a, { transposeA: true, transposeB: transposeA })
      : multiply(a, dy, { transposeA: !transposeA, transposeB: false });
  return { a: () => reduceLike(tf, da(), a.shape), b: () => reduceLike(tf, db(), b.shape) };
}

/**
 * Gradient of `BatchMatMul`: that of TensorFlow.js throws if one of the batches was broadcast,
 * since it has the shape of the other. Here it is summed over the copies.
 */
const batchMatMulGradient: GradientFactory = ({ tf }) => ({
  kernelName: "BatchMatMul",
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved, attrs) =>
    productGradients(tf, dy as Tensor, saved as Tensor[], attrs as unknown as Transposition),
});

interface Inputs extends Record<string, TensorInfo | undefined> {
  a: TensorInfo;
  b: TensorInfo;
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
}

interface Attributes extends Transposition {
  activation: string;
  leakyreluAlpha?: number;
}

/**
 * `_FusedMatMul`, activation(A B + bias): the stock op is wrong for a transposed or batched product
 * whose shared dimension exceeds 48 (it applies bias and relu once for every 48); its relu turns
 * NaN into 0, and a bias must have rank 1. Here bias and relu are applied once, when the last sum
 * of an entry is stored; other activations follow as separate ops, and a bias may have any shape
 * that broadcasts.
 */
const fusedMatMulKernel = defineOp<Attributes, Inputs>(
  "_FusedMatMul",
  (context, inputs, attributes) => {
    const { a, b, ...others } = inputs;
    const columns = b.shape[b.shape.length - (attributes.transposeB ? 2 : 1)];
    const result = a.dtype === "float32" && b.dtype === "float32"
      ? finishProduct(
        context,
        columns,
        { ...others, ...attributes },
        (finish) => matMulOnHeap(context, { a, b, ...attributes }, finish),
      )
      : null;
    // The stock op reports unsupported activations.
    return result ?? context.stock("_FusedMatMul", inputs, attributes);
  },
);

/** Rejects the gradient of a fused op with an activation. */
export function requireLinear(kernelName: string, { activation }: { activation: string }): void {
  if (activation === "linear") return;
  throw new Error(`The gradient of ${kernelName} is that of a linear one, found "${activation}"`);
}

/**
 * Gradient of `_FusedMatMul` without an activation, with a row as bias. TensorFlow.js has none, and
 * records reshapes and clones around the op instead. For A and B it is that of their product.
 */
const fusedMatMulGradient: GradientFactory = ({ tf }) => ({
  kernelName: "_FusedMatMul",
  inputsToSave: ["a", "b"],
  gradFunc(dy, saved, attrs) {
    const attributes = attrs as unknown as Attributes;
    requireLinear("_FusedMatMul", attributes);
    return {
      ...productGradients(tf, dy as Tensor, saved as Tensor[], attributes),
      bias: () => tf.sum(dy as Tensor, 0),
    };
  },
});

/** Ops and gradients that this file installs. */
export const matMulRepair: OpRepair = {
  kernels: [batchMatMulKernel, fusedMatMulKernel],
  gradients: [batchMatMulGradient, fusedMatMulGradient],
};
