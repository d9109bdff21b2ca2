import type { TensorInfo } from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { defineKernel, defineSweepGradient } from "./define_kernel.ts";
import type { KernelRepair } from "./kernel_context.ts";

/**
 * `Softmax`: the stock op adds the exponentials in float32; with 2^16 equal ones, as in an
 * untrained head, every probability is off by 2e-4. Here they are added in float64, and small
 * exponentials do not underflow to 0.
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

/**
 * `SoftmaxGrad`, y (dy - sum of dy y) in one sweep; an op of this project, for `softmaxGradient`.
 */
const softmaxGradKernel = defineKernel<unknown, { dy: TensorInfo; y: TensorInfo }>(
  "SoftmaxGrad",
  ({ tf, backend, native, address }, { dy, y }) => {
    const result = backend.makeOutput(y.shape, "float32");
    const { rows, width } = rowsOf(tf, y);
    native.softmaxGradient(address(y), address(dy), address(result), rows, width);
    return result;
  },
);

/** Returns a tensor's number of rows along its last axis, and their width. */
function rowsOf(tf: TensorFlow, { shape }: TensorInfo): { rows: number; width: number } {
  const width = shape.at(-1) ?? 1;
  return { rows: width === 0 ? 0 : tf.util.sizeFromShape(shape) / width, width };
}

/** Gradient of `Softmax`. TensorFlow.js composes it of five ops, each with its own tensor. */
const softmaxGradient = defineSweepGradient(
  "Softmax",
  "logits",
  (tf, dy, y) => tf.engine().runKernel("SoftmaxGrad", { dy, y }) as Tensor,
);

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [softmaxGradKernel, softmaxKernel],
  gradients: [softmaxGradient],
};
