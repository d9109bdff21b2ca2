import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";
import { finishProduct, matMulOnHeap, type Transposition } from "./products.ts";

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
 * `_FusedMatMul`, activation(A B + bias): in stock, a transposed or batched product whose shared
 * dimension exceeds 48 is wrong (bias and relu are applied once for every 48), relu turns NaN into 0,
 * and a bias must have rank 1. Here bias and relu are applied once, as the last sum of an entry is
 * stored; the other activations follow as kernels of their own, and a bias may have any shape that
 * broadcasts.
 */
export const fusedMatMulKernel = defineKernel<Attributes, Inputs>(
  "_FusedMatMul",
  (context, inputs, attributes) => {
    const { a, b, ...others } = inputs;
    const columns = b.shape[b.shape.length - (attributes.transposeB ? 2 : 1)];
    const result = a.dtype === "float32" && b.dtype === "float32"
      ? finishProduct(
        context,
        columns,
        { ...others, ...attributes },
        (finish) => matMulOnHeap(context, a, b, attributes, finish),
      )
      : null;
    // What is not supported, stock says itself.
    return result ?? context.stock("_FusedMatMul", inputs, attributes);
  },
);
