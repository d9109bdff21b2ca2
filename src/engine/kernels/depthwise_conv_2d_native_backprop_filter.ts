import type { TensorInfo } from "@tensorflow/tfjs";
import { type Conv2dAttributes, conv2dInfo } from "./conv_2d_attributes.ts";
import { defineKernel } from "./define_kernel.ts";
import { windowsOnHeap } from "./windows_on_heap.ts";

interface Attributes extends Conv2dAttributes {
  filterShape: number[];
}

/**
 * `DepthwiseConv2dNativeBackpropFilter`: stock has none. Each weight's gradient is the sum, over the
 * output positions, of the input entry that its tap met times dy.
 */
export const depthwiseConv2dNativeBackpropFilterKernel = defineKernel<
  Attributes,
  { x: TensorInfo; dy: TensorInfo }
>("DepthwiseConv2dNativeBackpropFilter", (context, { x, dy }, attributes) => {
  const info = conv2dInfo(context.tf, x.shape, attributes.filterShape, attributes, true);
  return windowsOnHeap(context, "depthwiseFilterGradient", [x, dy], info, info.filterShape);
});
