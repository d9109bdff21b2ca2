import type { TensorInfo } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import { broadcastOffsets } from "./broadcast.ts";
import { defineKernel, defineSweepGradient } from "./define_kernel.ts";
import { hasNonFinite } from "./has_non_finite.ts";
import type { KernelRepair } from "./kernel_context.ts";

/**
 * `Prelu`, `x > 0 ? x : alpha x`. The stock kernel reads alpha in a circle, which is right where the axes
 * that share an alpha come first, and wrong where one of them lies between others; and it multiplies by
 * alpha everywhere, so that one that is not finite makes NaN of positive entries. Here alpha broadcasts,
 * and the rest still goes to the stock kernel.
 */
const preluKernel = defineKernel<unknown>("Prelu", (context, { x, alpha }) => {
  const own = alpha.shape.findIndex((size) => size !== 1);
  const rest = alpha.shape.slice(own);
  const isSuffix = own < 0 || `${rest}` === `${x.shape.slice(x.shape.length - rest.length)}`;
  const slopes = context.backend.typedArrayFromHeap(alpha);
  if (isSuffix && !hasNonFinite(slopes)) return context.stock("Prelu", { x, alpha });
  const output = context.backend.makeOutput(x.shape, "float32");
  const offsets = broadcastOffsets(alpha.shape, x.shape);
  const from = context.backend.typedArrayFromHeap(x);
  const to = context.backend.typedArrayFromHeap(output);
  for (let i = 0; i < to.length; i++) {
    const value = from[i];
    to[i] = value > 0 ? value : value * slopes[offsets[i]];
  }
  return output;
});

/**
 * `Relu`: the stock kernel compares bits, and turns NaN into 0 where its sign bit is set, as it is in the
 * NaN of Infinity - Infinity. Here NaN stays NaN.
 */
const reluKernel = defineKernel<unknown>(
  "Relu",
  ({ tf, backend, native, address, stock }, { x }) => {
    if (x.dtype !== "float32") return stock("Relu", { x });
    const result = backend.makeOutput(x.shape, "float32");
    native.relu(address(x), address(result), tf.util.sizeFromShape(x.shape));
    return result;
  },
);

/** `ReluGrad`, dy where x > 0, in one sweep; a kernel of this project, for `reluGradient`. */
const reluGradKernel = defineKernel<unknown, { dy: TensorInfo; x: TensorInfo }>(
  "ReluGrad",
  ({ tf, backend, native, address }, { dy, x }) => {
    const result = backend.makeOutput(x.shape, "float32");
    native.reluGradient(address(x), address(dy), address(result), tf.util.sizeFromShape(x.shape));
    return result;
  },
);

/**
 * The gradient of `Relu`: TensorFlow.js composes it of three kernels, the step as floats, those as floats
 * once more, and a product; here it is one.
 */
const reluGradient = defineSweepGradient(
  "Relu",
  "x",
  (tf, dy, x) => tf.engine().runKernel("ReluGrad", { dy, x }) as Tensor,
);

/** `Relu6`: the stock kernel turns NaN into 0. Input without NaN and infinity still goes there. */
const relu6Kernel = defineKernel<unknown>("Relu6", (context, { x }) => {
  if (!hasNonFinite(context.backend.typedArrayFromHeap(x))) return context.stock("Relu6", { x });
  const output = context.backend.makeOutput(x.shape, x.dtype);
  const from = context.backend.typedArrayFromHeap(x);
  const to = context.backend.typedArrayFromHeap(output);
  for (let i = 0; i < to.length; i++) {
    const value = from[i];
    to[i] = value < 0 ? 0 : value > 6 ? 6 : value;
  }
  return output;
});

/**
 * `Tanh`: stock calls the C library for one number after the other, 0.6 ms for 64 x 512. Here it is four
 * at a time, 0.04 ms: x + x^3 P(x^2) below 0.625, 1 - 2 / (e^2x + 1) above, within 2 units of the last
 * place (2-core Xeon, Deno 2.9.6).
 */
const tanhKernel = defineKernel<unknown>("Tanh", (context, { x }) => {
  if (x.dtype !== "float32") return context.stock("Tanh", { x });
  const result = context.backend.makeOutput(x.shape, "float32");
  const count = context.tf.util.sizeFromShape(x.shape);
  context.native.tanh(context.address(x), context.address(result), count);
  return result;
});

/** `TanhGrad`, dy (1 - y^2) in one sweep; a kernel of this project, for `tanhGradient`. */
const tanhGradKernel = defineKernel<unknown, { dy: TensorInfo; y: TensorInfo }>(
  "TanhGrad",
  ({ tf, backend, native, address }, { dy, y }) => {
    const result = backend.makeOutput(y.shape, "float32");
    native.tanhGradient(address(y), address(dy), address(result), tf.util.sizeFromShape(y.shape));
    return result;
  },
);

/**
 * The gradient of `Tanh`: TensorFlow.js composes dy (1 - y^2) of three kernels, each with a tensor of
 * its own; here it is one.
 */
const tanhGradient = defineSweepGradient(
  "Tanh",
  "x",
  (tf, dy, y) => tf.engine().runKernel("TanhGrad", { dy, y }) as Tensor,
);

/** What this file puts in place. */
export const repair: KernelRepair = {
  kernels: [
    preluKernel,
    relu6Kernel,
    reluGradKernel,
    reluKernel,
    tanhGradKernel,
    tanhKernel,
  ],
  gradients: [reluGradient, tanhGradient],
};
