import type { TensorInfo } from "@tensorflow/tfjs";
import { type Conv2dAttributes, conv2dInfo } from "./conv_2d_attributes.ts";
import { defineKernel } from "./define_kernel.ts";
import { windowsOnHeap } from "./windows_on_heap.ts";

interface Attributes extends Conv2dAttributes {
  inputShape: number[];
}

/**
 * `DepthwiseConv2dNativeBackpropInput`: stock has none. Each entry of dy times each tap is added where
 * that tap met the input.
 */
export const depthwiseConv2dNativeBackpropInputKernel = defineKernel<
  Attributes,
  { dy: TensorInfo; filter: TensorInfo }
>("DepthwiseConv2dNativeBackpropInput", (context, { dy, filter }, attributes) => {
  const info = conv2dInfo(context.tf, attributes.inputShape, filter.shape, attributes, true);
  return windowsOnHeap(context, "depthwiseInputGradient", [dy, filter], info, info.inShape);
});
