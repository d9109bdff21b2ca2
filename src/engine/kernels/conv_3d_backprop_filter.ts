import type { TensorInfo } from "@tensorflow/tfjs";
import { type Conv3dAttributes, conv3dInfo } from "./conv_3d_attributes.ts";
import { defineKernel } from "./define_kernel.ts";
import { windowsOnHeap } from "./windows_on_heap.ts";

/** Attributes of `Conv3DBackpropFilterV2`; `dilations` is our addition. */
export interface Conv3dBackpropFilterAttributes extends Conv3dAttributes {
  filterShape: number[];
}

/**
 * `Conv3DBackpropFilterV2`, the gradient of a 3d convolution with respect to its kernel. The stock
 * kernel is wrong for strides larger than 1. Here it is dW = U^T dy, as for `Conv2DBackpropFilter`.
 */
export const conv3dBackpropFilterKernel = defineKernel<
  Conv3dBackpropFilterAttributes,
  { x: TensorInfo; dy: TensorInfo }
>("Conv3DBackpropFilterV2", (context, { x, dy }, attributes) => {
  const { filterShape } = attributes;
  const info = conv3dInfo(context.tf, x.shape, filterShape, attributes);
  return windowsOnHeap(context, "convolutionFilterGradient", [x, dy], info, filterShape);
});
