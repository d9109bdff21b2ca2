import type { TensorInfo } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import { broadcastOffsets, reduceLike } from "./broadcast.ts";
import { defineKernel } from "./define_kernel.ts";
import type { GradientFactory, KernelRepair } from "./kernel_context.ts";
import { normalizationGradients } from "./normalizations.ts";

/** Inputs of `FusedBatchNorm`. */
type BatchNormInputs =
  & { x: TensorInfo; mean: TensorInfo; variance: TensorInfo }
  & { scale?: TensorInfo; offset?: TensorInfo };

/** Returns true if a tensor has one entry for each position of the last axis of `x`. */
const isColumnar = (shape: readonly number[], x: readonly number[]) =>
  shape.at(-1) === x.at(-1) && shape.slice(0, -1).every((size) => size === 1);

/**
 * `FusedBatchNorm`, `(x - mean) / sqrt(variance + epsilon) * scale + offset`. The stock op reads
 * mean, variance, scale and offset cyclically, which is only right if they are along the last axis
 * or have the shape of `x`. Here they broadcast. If all four are along the last axis, one native
 * sweep, shared by threads, computes them; otherwise those two cases still go to the stock op.
 * Without scale or offset TensorFlow.js fails while it records the operation for a gradient, and
 * leaks the tensors kept so far; here that is rejected first.
 */
const fusedBatchNormKernel = defineKernel<{ varianceEpsilon: number }, BatchNormInputs>(
  "FusedBatchNorm",
  (context, { x, mean, variance, scale, offset }, attrs) => {
    const { gradientDepth, kernelDepth } = context.tf.engine().state;
    const isRecorded = gradientDepth > 0 && kernelDepth === 1;
    if (isRecorded && (scale === undefined || offset === undefined)) {
      throw new Error(
        "A batchNorm without scale or offset has no gradient in TensorFlow.js: give it both, " +
          "tf.ones(...) and tf.zeros(...) for none",
      );
    }
    if (
      x.dtype === "float32" && scale !== undefined && offset !== undefined &&
      [mean, variance, scale, offset].every(({ shape }) => isColumnar(shape, x.shape))
    ) {
      const result = context.backend.makeOutput(x.shape, "float32");
      const { address } = context;
      const width = x.shape.at(-1)!;
      context.native.normalizeColumns({
        ...{ x: address(x), to: address(result), mean: address(mean), variance: address(variance) },
        ...{ lack: 0, scale: address(scale), offset: address(offset), width },
        rows: context.tf.util.sizeFromShape(x.shape) / Math.max(1, width),
        epsilon: attrs.varianceEpsilon,
      });
      return result;
    }
    const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
    const suits = (info: TensorInfo | undefined) =>
      info === undefined || size(info.shape) === size(x.shape) ||
      info.shape.at(-1) === size(info.shape);
    if ([mean, variance, scale, offset].every(suits)) {
      return context.stock("FusedBatchNorm", { x, mean, variance, scale, offset }, attrs);
    }
    const { varianceEpsilon } = attrs;
    const output = context.backend.makeOutput(x.shape, "float32");
    const values = (info: TensorInfo | undefined, missing: number) => {
      if (info === undefined) return () => missing;
      const view = context.backend.typedArrayFromHeap(info);
      const offsets = broadcastOffsets(info.shape, x.shape);
      return (i: number) => view[offsets[i]];
    };
    const [m, v, s, o] = [
      values(mean, 0),
      values(variance, 1),
      values(scale, 1),
      values(offset, 0),
    ];
    const from = context.backend.typedArrayFromHeap(x);
    const to = context.backend.typedArrayFromHeap(output);
    for (let i = 0; i < to.length; i++) {
      to[i] = (from[i] - m(i)) / Math.sqrt(v(i) + varianceEpsilon) * s(i) + o(i);
    }
    return output;
  },
);

/**
 * Gradient of `FusedBatchNorm`, with `r = 1 / sqrt(variance + epsilon)`: for x `dy scale r`, for
 * the mean `-dy scale r`, for the variance `-1/2 dy scale (x - mean) r^3`, for the scale `dy (x -
 * mean) r`, for the offset `dy`, each summed over the copies of broadcasting. That of TensorFlow.js
 * only sums along the last axis and throws for any other. Along the last axis, one op computes
 * those of x, scale and offset, from which the others follow, except for second-order gradients.
 */
const fusedBatchNormGradient: GradientFactory = ({ tf }) => ({
  kernelName: "FusedBatchNorm",
  // TensorFlow.js's tape cannot hold a missing scale or offset; the layers always pass them.
  inputsToSave: ["x", "mean", "variance", "scale", "offset"],
  gradFunc(gradient, saved, attrs) {
    const dy = gradient as Tensor;
    const [x, mean, variance, scale, offset] = saved as Tensor[];
    const { varianceEpsilon } = attrs as unknown as { varianceEpsilon: number };
    const r = tf.rsqrt(tf.add(variance, varianceEpsilon)) as Tensor;
    if (
      tf.getBackend() === "wasm" && tf.engine().state.gradientDepth === 0 &&
      x.dtype === "float32" && saved.slice(1).every(({ shape }) => isColumnar(shape, x.shape))
    ) {
      const gradients = normalizationGradients(
        tf,
        "NormalizeColumnsGrad",
        { dy, x, scale, mean, variance },
        { epsilon: varianceEpsilon, isBatch: false },
      );
      const slopes = () => tf.mul(scale, r) as Tensor;
      return {
        x: () => gradients.x,
        mean: () => tf.reshape(tf.neg(tf.mul(gradients.offset, slopes())), mean.shape),
        variance: () =>
          tf.reshape(
            tf.mul(-0.5, tf.mul(tf.mul(gradients.scale, slopes()), r)),
            variance.shape,
          ),
        scale: () => gradients.scale,
        offset: () => tf.reshape(gradients.offset, offset.shape),
      };
    }
    const slope = () => tf.mul(dy, tf.mul(scale, r)) as Tensor;
    const centred = () => tf.sub(x, mean) as Tensor;
    return {
      x: slope,
      mean: () => reduceLike(tf, tf.neg(slope()), mean.shape),
      variance: () => {
        const whole = tf.mul(tf.mul(slope(), centred()), tf.square(r));
        return reduceLike(tf, tf.mul(-0.5, whole), variance.shape);
      },
      scale: () => reduceLike(tf, tf.mul(tf.mul(dy, centred()), r), scale.shape),
      offset: () => reduceLike(tf, tf.clone(dy), offset.shape),
    };
  },
});

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [fusedBatchNormKernel],
  gradients: [fusedBatchNormGradient],
};
