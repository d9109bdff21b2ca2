import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";
import { matMulOnHeap, type Transposition } from "./mat_mul_on_heap.ts";

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

/** The kernels of the activations that TensorFlow.js fuses, besides relu. */
const ACTIVATIONS: Record<string, string> = {
  elu: "Elu",
  leakyrelu: "LeakyRelu",
  prelu: "Prelu",
  relu6: "Relu6",
  sigmoid: "Sigmoid",
};

/**
 * `_FusedMatMul`, activation(A B + bias): in stock, a transposed or batched product whose shared
 * dimension exceeds 48 is wrong (bias and relu are applied once for every 48), relu turns NaN into 0,
 * and a bias must have rank 1. Here bias and relu are applied once, as the last sum of an entry is
 * stored; the other activations follow as kernels of their own, and a bias may have any shape that
 * broadcasts.
 */
export const fusedMatMulKernel = defineKernel<Attributes, Inputs>(
  "_FusedMatMul",
  (context, { a, b, bias, preluActivationWeights }, attributes) => {
    const { activation, leakyreluAlpha, transposeB } = attributes;
    const known = activation === "linear" || activation === "relu" || activation in ACTIVATIONS;
    if (a.dtype !== "float32" || b.dtype !== "float32" || !known) {
      // Stock says that it cannot.
      return context.stock(
        "_FusedMatMul",
        { a, b, bias, preluActivationWeights },
        attributes,
      );
    }
    const columns = b.shape[b.shape.length - (transposeB ? 2 : 1)];
    const isRow = bias?.shape.length === 1 && bias.shape[0] === columns;
    let result = matMulOnHeap(context, a, b, attributes, {
      bias: bias !== undefined && isRow ? context.address(bias) : 0,
      relu: activation === "relu" && (bias === undefined || isRow),
    });
    const then = (kernelName: string, inputs: Record<string, TensorInfo>, attrs = {}) => {
      const next = context.run(kernelName, { ...inputs }, attrs);
      context.dispose(result);
      result = next;
    };
    if (bias !== undefined && !isRow) {
      then("Add", { a: result, b: bias });
      if (activation === "relu") then("Relu", { x: result });
    }
    if (activation === "prelu") {
      then("Prelu", { x: result, alpha: preluActivationWeights! });
    } else if (activation in ACTIVATIONS) {
      then(ACTIVATIONS[activation], { x: result }, { alpha: leakyreluAlpha ?? 0 });
    }
    return result;
  },
);
