import type { SelfGate } from "../native/operations.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import {
  defineOp,
  defineSweepGradient,
  type GradientFactory,
  hasNonFinite,
  type OpRepair,
} from "./define_op.ts";
import { broadcastOffsets, clip } from "./element_wise.ts";
import type { TensorInfo } from "@tensorflow/tfjs";

/**
 * `Prelu`, `x > 0 ? x : alpha x`. The stock op reads alpha cyclically, which is wrong if an axis
 * that shares an alpha is between others; and it multiplies by alpha everywhere, so a non-finite
 * alpha turns positive entries into NaN. Here alpha broadcasts; the other cases still go to the
 * stock op.
 */
const preluKernel = defineOp<unknown>("Prelu", (context, { x, alpha }) => {
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
 * `Relu`: the stock op compares bits and turns NaN into 0 if its sign bit is set, as in the NaN of
 * Infinity - Infinity. Here NaN stays NaN.
 */
const reluKernel = defineOp<unknown>(
  "Relu",
  ({ tf, backend, native, address, stock }, { x }) => {
    if (x.dtype !== "float32") return stock("Relu", { x });
    const result = backend.makeOutput(x.shape, "float32");
    native.relu(address(x), address(result), tf.util.sizeFromShape(x.shape));
    return result;
  },
);

/** `ReluGrad`, dy where x > 0, in one sweep; an op of this project, for `reluGradient`. */
const reluGradKernel = defineOp<unknown, { dy: TensorInfo; x: TensorInfo }>(
  "ReluGrad",
  ({ tf, backend, native, address }, { dy, x }) => {
    const result = backend.makeOutput(x.shape, "float32");
    native.reluGradient(address(x), address(dy), address(result), tf.util.sizeFromShape(x.shape));
    return result;
  },
);

/**
 * Gradient of `Relu`. TensorFlow.js builds it from three ops: the step as floats, a cast, and a
 * product. Here it is one.
 */
const reluGradient = defineSweepGradient(
  "Relu",
  "x",
  (tf, dy, x) => tf.engine().runKernel("ReluGrad", { dy, x }) as Tensor,
);

/** `Relu6`: the stock op turns NaN into 0. Finite input still goes there. */
const relu6Kernel = defineOp<unknown>("Relu6", (context, { x }) => {
  if (!hasNonFinite(context.backend.typedArrayFromHeap(x))) return context.stock("Relu6", { x });
  const output = context.backend.makeOutput(x.shape, x.dtype);
  const from = context.backend.typedArrayFromHeap(x);
  const to = context.backend.typedArrayFromHeap(output);
  for (let i = 0; i < to.length; i++) to[i] = clip(from[i], 0, 6);
  return output;
});

/**
 * `Tanh`: the stock op calls the C library for each number, 0.6 ms for 64 x 512. Here four are
 * computed at a time, 0.04 ms: x + x^3 P(x^2) below 0.625, 1 - 2 / (e^2x + 1) above, within 2 units
 * of the last place (2-core Xeon, Deno 2.9.6).
 */
const tanhKernel = defineOp<unknown>("Tanh", (context, { x }) => {
  if (x.dtype !== "float32") return context.stock("Tanh", { x });
  const result = context.backend.makeOutput(x.shape, "float32");
  const count = context.tf.util.sizeFromShape(x.shape);
  context.native.tanh(context.address(x), context.address(result), count);
  return result;
});

/** `TanhGrad`, dy (1 - y^2) in one sweep; an op of this project, for `tanhGradient`. */
const tanhGradKernel = defineOp<unknown, { dy: TensorInfo; y: TensorInfo }>(
  "TanhGrad",
  ({ tf, backend, native, address }, { dy, y }) => {
    const result = backend.makeOutput(y.shape, "float32");
    native.tanhGradient(address(y), address(dy), address(result), tf.util.sizeFromShape(y.shape));
    return result;
  },
);

/**
 * Gradient of `Tanh`. TensorFlow.js composes dy (1 - y^2) of three ops, each with its own tensor.
 * Here it is one.
 */
const tanhGradient = defineSweepGradient(
  "Tanh",
  "x",
  (tf, dy, y) => tf.engine().runKernel("TanhGrad", { dy, y }) as Tensor,
);

/** Ops and gradients that this file installs. */
export const activationsRepair: OpRepair = {
  kernels: [preluKernel, relu6Kernel, reluGradKernel, reluKernel, tanhGradKernel, tanhKernel],
  gradients: [reluGradient, tanhGradient],
};

/** Attributes of `SelfGated` and its gradient. */
interface SelfGatedAttributes {
  gate: SelfGate;
}

/**
 * `SelfGated`, an op of this project: x times a gate of itself, as in gelu and swish. TensorFlow.js
 * composes gelu of five ops and its gradient of twelve. Its error function is accurate to 1.5e-7,
 * so gelu is off by 0.4 % at -4 and vanishes at -6.
 */
const selfGatedKernel = defineOp<SelfGatedAttributes, { x: TensorInfo }>(
  "SelfGated",
  ({ tf, backend, native, address }, { x }, { gate }) => {
    const result = backend.makeOutput(x.shape, "float32");
    const count = tf.util.sizeFromShape(x.shape);
    native.selfGate(gate, address(x), address(result), count);
    return result;
  },
);

/** `SelfGatedGrad`, dy times the derivative in one sweep. */
const selfGatedGradKernel = defineOp<SelfGatedAttributes, { dy: TensorInfo; x: TensorInfo }>(
  "SelfGatedGrad",
  ({ tf, backend, native, address }, { dy, x }, { gate }) => {
    const result = backend.makeOutput(x.shape, "float32");
    const count = tf.util.sizeFromShape(x.shape);
    native.selfGateGradient(gate, { x: address(x), dy: address(dy), to: address(result), count });
    return result;
  },
);

const ROOT = Math.sqrt(2 / Math.PI);

/** Derivative of x g(x), built from differentiable operations. */
const SLOPES: Record<SelfGate, (tf: TensorFlow, x: Tensor) => Tensor> = {
  normal(tf, x) {
    const gate = tf.mul(0.5, tf.add(1, tf.erf(tf.div(x, Math.SQRT2))));
    return tf.add(gate, tf.mul(x, tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), ROOT / 2)));
  },
  normalByTanh(tf, x) {
    const cube = tf.mul(tf.mul(tf.square(x), x), 0.044715);
    const gate = tf.sigmoid(tf.mul(tf.add(x, cube), 2 * ROOT));
    const steepness = tf.mul(tf.add(1, tf.mul(tf.square(x), 3 * 0.044715)), 2 * ROOT);
    return tf.add(gate, tf.mul(tf.mul(x, steepness), tf.mul(gate, tf.sub(1, gate))));
  },
  sigmoid(tf, x) {
    const gate = tf.sigmoid(x);
    return tf.add(gate, tf.mul(x, tf.mul(gate, tf.sub(1, gate))));
  },
};

const selfGatedGradient: GradientFactory = ({ tf }) => ({
  kernelName: "SelfGated",
  inputsToSave: ["x"],
  gradFunc(dy, saved, attrs) {
    const [x] = saved as Tensor[];
    const { gate } = attrs as unknown as SelfGatedAttributes;
    return {
      x: () =>
        tf.engine().state.gradientDepth > 0
          ? tf.mul(dy as Tensor, SLOPES[gate](tf, x))
          : tf.engine().runKernel("SelfGatedGrad", { dy: dy as Tensor, x }, { gate }) as Tensor,
    };
  },
});

/** Ops and gradients that this file installs. */
export const selfGatedRepair: OpRepair = {
  kernels: [selfGatedGradKernel, selfGatedKernel],
  gradients: [selfGatedGradient],
};

/**
 * `Softmax`: the stock op adds the exponentials in float32; with 2^16 equal ones, as in an
 * untrained head, every probability is off by 2e-4. Here they are added in float64, and small
 * exponentials do not underflow to 0.
 */
const softmaxKernel = defineOp<object, { logits: TensorInfo }>(
  "Softmax",
  ({ tf, backend, native, address, stock }, { logits }, attributes) => {
    if (logits.dtype !== "float32") return stock("Softmax", { logits }, attributes);
    const result = backend.makeOutput(logits.shape, "float32");
    const { rows, width } = rowsOf(tf, logits);
    native.softmax(address(logits), address(result), { rows, width });
    return result;
  },
);

/**
 * `SoftmaxGrad`, y (dy - sum of dy y) in one sweep; an op of this project, for `softmaxGradient`.
 */
const softmaxGradKernel = defineOp<unknown, { dy: TensorInfo; y: TensorInfo }>(
  "SoftmaxGrad",
  ({ tf, backend, native, address }, { dy, y }) => {
    const result = backend.makeOutput(y.shape, "float32");
    const { rows, width } = rowsOf(tf, y);
    native.softmaxGradient(address(y), address(dy), address(result), { rows, width });
    return result;
  },
);

/** Returns a tensor's number of rows along its last axis, and their width. */
function rowsOf(tf: TensorFlow, { shape }: TensorInfo): { rows: number; width: number } {
  const width = shape.at(-1) ?? 1;
  return { rows: width === 0 ? 0 : tf.util.sizeFromShape(shape) / width, width };
}

/** Gradient of `Softmax`. TensorFlow.js builds it from five ops, each with its own tensor. */
const softmaxGradient = defineSweepGradient(
  "Softmax",
  "logits",
  (tf, dy, y) => tf.engine().runKernel("SoftmaxGrad", { dy, y }) as Tensor,
);

/** Ops and gradients that this file installs. */
export const softmaxRepair: OpRepair = {
  kernels: [softmaxGradKernel, softmaxKernel],
  gradients: [softmaxGradient],
};
