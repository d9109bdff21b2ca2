import type { TensorInfo } from "@tensorflow/tfjs";
import { broadcastOffsets } from "./broadcast_offsets.ts";
import { defineKernel } from "./define_kernel.ts";

/** Inputs of `FusedBatchNorm`. */
export type BatchNormInputs =
  & { x: TensorInfo; mean: TensorInfo; variance: TensorInfo }
  & { scale?: TensorInfo; offset?: TensorInfo };

/**
 * `FusedBatchNorm`, `(x - mean) / sqrt(variance + epsilon) * scale + offset`. The stock kernel reads
 * mean, variance, scale and offset in a circle, which is right when they lie along the last axis or
 * have the shape of `x`; along another axis it is wrong. Here they broadcast; those two cases still go
 * to the stock kernel. Without scale or offset TensorFlow.js breaks down while it records the operation for
 * a gradient, and leaks what it has kept by then; here that is refused first.
 */
export const fusedBatchNormKernel = defineKernel<{ varianceEpsilon: number }, BatchNormInputs>(
  "FusedBatchNorm",
  (context, { x, mean, variance, scale, offset }, attrs) => {
    const { gradientDepth, kernelDepth } = context.tf.engine().state;
    const isRecorded = gradientDepth > 0 && kernelDepth === 1;
    if (isRecorded && (scale === undefined || offset === undefined)) {
      throw new Error(
        "a batchNorm without scale or offset has no gradient in TensorFlow.js: give it both, " +
          "tf.ones(...) and tf.zeros(...) for none",
      );
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
