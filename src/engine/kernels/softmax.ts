import type { TensorInfo } from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { defineKernel, defineSweepGradient } from "./define_kernel.ts";
import type { KernelRepair } from "./kernel_context.ts";

/**
 * `Softmax`: stock adds up the exponentials in float32, and where there are 2^16 equal ones, as an
 * untrained head has them, every probability is off by 2e-4. Here they are added in float64, and the
 * exponential keeps what is left of small ones instead of making 0 of it.
 */
const softmaxKernel = defineKernel<object, { logits: TensorInfo }>(
  "Softmax",
  ({ tf, backend, native, address, stock }, { logits }, attributes) => {
    if (logits.dtype !== "float32") return stock("Softmax", { logits }, attributes);
    const result = backend.makeOutput(logits.shape, "float32");
    const { rows, width } = rowsOf(tf, logits);
    native.softmax(address(logits), address(result), rows, width);
    return result;
  },
);

/** `SoftmaxGrad`, y (dy - sum of dy y) in one sweep; a kernel of this project, for `softmaxGradient`. */
const softmaxGradKernel = defineKernel<unknown, { dy: TensorInfo; y: TensorInfo }>(
  "SoftmaxGrad",
  ({ tf, backend, native, address }, { dy, y }) => {
    const result = backend.makeOutput(y.shape, "float32");
    const { rows, width } = rowsOf(tf, y);
    native.softmaxGradient(address(y), address(dy), address(result), rows, width);
    return result;
  },
);

/** A tensor as rows along its last axis. */
function rowsOf(tf: TensorFlow, { shape }: TensorInfo): { rows: number; width: number } {
  const width = shape.at(-1) ?? 1;
  return { rows: width === 0 ? 0 : tf.util.sizeFromShape(shape) / width, width };
}

/** The gradient of `Softmax`: TensorFlow.js composes it of five kernels, each with a tensor of its own. */
const softmaxGradient = defineSweepGradient(
  "Softmax",
  "logits",
  (tf, dy, y) => tf.engine().runKernel("SoftmaxGrad", { dy, y }) as Tensor,
);

/** What this file puts in place. */
export const repair: KernelRepair = {
  kernels: [softmaxGradKernel, softmaxKernel],
  gradients: [softmaxGradient],
};
