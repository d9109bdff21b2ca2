import type { TensorInfo } from "@tensorflow/tfjs";
import type { KernelContext } from "./kernel_context.ts";

/** What TensorFlow.js lets follow a product in the same kernel: bias and activation. */
export interface Finish {
  bias?: TensorInfo;
  activation: string;
  leakyreluAlpha?: number;
  preluActivationWeights?: TensorInfo;
}

/** The kernels of the activations that TensorFlow.js fuses. */
const ACTIVATIONS: Record<string, string> = {
  elu: "Elu",
  leakyrelu: "LeakyRelu",
  prelu: "Prelu",
  relu: "Relu",
  relu6: "Relu6",
  sigmoid: "Sigmoid",
};

/**
 * Computes activation(product + bias). A bias of one entry a column, and relu over it, are added by the
 * native product itself, once, as it stores an entry; what else there is follows as kernels.
 *
 * @param columns Size of the product's last dimension, or `null` if the product adds nothing.
 * @param product Computes the product with what it is told to add.
 * @returns The result, or `null` for an activation that TensorFlow.js does not fuse.
 */
export function finishProduct(
  { run, dispose, address }: KernelContext,
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
