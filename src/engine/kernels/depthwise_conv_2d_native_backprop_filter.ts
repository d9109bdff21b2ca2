import type { TensorInfo } from "@tensorflow/tfjs";
import { type Conv2dAttributes, conv2dInfo } from "./conv_2d_attributes.ts";
import { convolutionWindowsOf } from "./convolution_windows_of.ts";
import { defineKernel } from "./define_kernel.ts";

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
  const { tf, backend, native, address } = context;
  const info = conv2dInfo(tf, x.shape, attributes.filterShape, attributes, true);
  const result = backend.makeOutput(info.filterShape, "float32");
  native.windows(
    "depthwiseFilterGradient",
    address(x),
    address(dy),
    address(result),
    convolutionWindowsOf(info),
  );
  return result;
});
