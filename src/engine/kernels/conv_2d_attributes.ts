import type { backend_util } from "@tensorflow/tfjs";
import type { TensorFlow } from "../tensorflow.ts";

/** Attributes that the gradients of 2d convolutions share. */
export interface Conv2dAttributes {
  strides: number | [number, number];
  pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  dataFormat?: "NHWC" | "NCHW";
  dimRoundingMode?: "floor" | "round" | "ceil";
  /** TensorFlow.js passes none for `Conv2D`; 1 then. */
  dilations?: number | [number, number];
}

/** [batch, height, width, channels]. */
export type Shape4 = [number, number, number, number];

/** What TensorFlow.js reckons of a convolution whose input has its channels last. */
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
