import type { TensorInfo } from "@tensorflow/tfjs";
import { type Conv3dAttributes, conv3dInfo } from "./conv_3d_attributes.ts";
import { defineKernel } from "./define_kernel.ts";
import { windowsOnHeap } from "./windows_on_heap.ts";

/** Attributes of `Conv3DBackpropInputV2`; `dilations` is our addition. */
export interface Conv3dBackpropInputAttributes extends Conv3dAttributes {
  inputShape: number[];
}

/**
 * `Conv3DBackpropInputV2`, the gradient of a 3d convolution with respect to its input, and the forward
 * pass of a transposed one. The stock kernel was wrong in every shape tried. Here each row of dy W^T is
 * added where its window lay, as for `Conv2DBackpropInput`.
 */
export const conv3dBackpropInputKernel = defineKernel<
  Conv3dBackpropInputAttributes,
  { dy: TensorInfo; filter: TensorInfo }
>("Conv3DBackpropInputV2", (context, { dy, filter }, attributes) => {
  const { inputShape } = attributes;
  const info = conv3dInfo(context.tf, inputShape, filter.shape, attributes);
  return windowsOnHeap(context, "convolutionInputGradient", [dy, filter], info, inputShape);
});
