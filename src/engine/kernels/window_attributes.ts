import type { backend_util } from "@tensorflow/tfjs";
import type { TensorFlow } from "../tensorflow.ts";

/** Attributes of the pooling ops and of their gradients. */
export interface PoolAttributes {
  filterSize: number | number[];
  strides: number | number[];
  pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  dimRoundingMode?: "floor" | "round" | "ceil";
}

/** Returns TensorFlow.js's geometry of a 2d pooling. */
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

/** Returns TensorFlow.js's geometry of a 3d pooling. */
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

/** Attributes that the gradients of 2d convolutions share. */
export interface Conv2dAttributes {
  strides: number | [number, number];
  pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  dataFormat?: "NHWC" | "NCHW";
  dimRoundingMode?: "floor" | "round" | "ceil";
  /** Absent for `Conv2D` of TensorFlow.js; 1 then. */
  dilations?: number | [number, number];
}

/** [batch, height, width, channels]. */
type Shape4 = [number, number, number, number];

/** Returns TensorFlow.js's geometry of a convolution whose input has its channels last. */
export function conv2dInfo(
  tf: TensorFlow,
  inputShape: number[],
  filterShape: number[],
  { strides, pad, dimRoundingMode, dilations }: Conv2dAttributes,
  depthwise: boolean,
): backend_util.Conv2DInfo {
  return tf.backend_util.computeConv2DInfo(
    inputShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
}
