import type { backend_util } from "@tensorflow/tfjs";
import type { TensorFlow } from "../tensorflow.ts";

/** Attributes of the pooling kernels and of their gradients. */
export interface PoolAttributes {
  filterSize: number | number[];
  strides: number | number[];
  pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  dimRoundingMode?: "floor" | "round" | "ceil";
}

/** What TensorFlow.js reckons of a 2d pooling. */
export function pool2dInfo(
  { backend_util }: TensorFlow,
  inputShape: number[],
  { filterSize, strides, pad, dimRoundingMode }: PoolAttributes,
): backend_util.Conv2DInfo {
  return backend_util.computePool2DInfo(
    inputShape as [number, number, number, number],
    filterSize as [number, number],
    strides as [number, number],
    1,
    pad,
    dimRoundingMode,
  );
}

/** What TensorFlow.js reckons of a 3d pooling. */
export function pool3dInfo(
  { backend_util }: TensorFlow,
  inputShape: number[],
  { filterSize, strides, pad, dimRoundingMode }: PoolAttributes,
): backend_util.Conv3DInfo {
  return backend_util.computePool3DInfo(
    inputShape as [number, number, number, number, number],
    filterSize as [number, number, number],
    strides as [number, number, number],
    1,
    pad as "valid" | "same" | number,
    dimRoundingMode,
  );
}
