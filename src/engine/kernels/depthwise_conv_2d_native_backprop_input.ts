import type { TensorInfo } from "@tensorflow/tfjs";
import { type Conv2dAttributes, conv2dInfo } from "./conv_2d_attributes.ts";
import { convolutionWindowsOf } from "./convolution_windows_of.ts";
import { defineKernel } from "./define_kernel.ts";

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
  const { tf, backend, native, address } = context;
  const info = conv2dInfo(tf, attributes.inputShape, filter.shape, attributes, true);
  const result = backend.makeOutput(info.inShape, "float32");
  native.windows(
    "depthwiseInputGradient",
    address(dy),
    address(filter),
    address(result),
    convolutionWindowsOf(info),
  );
  return result;
});
