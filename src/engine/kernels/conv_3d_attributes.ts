import type { backend_util } from "@tensorflow/tfjs";
import type { TensorFlow } from "../tensorflow.ts";

/** Attributes that 3d convolutions and their gradients share. */
export interface Conv3dAttributes {
  strides: number | [number, number, number];
  pad: "valid" | "same";
  /** TensorFlow.js passes none to the gradients; 1 then. */
  dilations?: number | [number, number, number];
}

/** What TensorFlow.js reckons of a 3d convolution. */
export function conv3dInfo(
  { backend_util }: TensorFlow,
  inputShape: number[],
  filterShape: number[],
  { strides, pad, dilations = 1 }: Conv3dAttributes,
): backend_util.Conv3DInfo {
  return backend_util.computeConv3DInfo(
    inputShape as [number, number, number, number, number],
    filterShape as [number, number, number, number, number],
    strides,
    dilations,
    pad,
  );
}
