import type { TensorInfo } from "@tensorflow/tfjs";
import { withChannelsLast } from "./channels_last.ts";
import { type Conv2dAttributes, conv2dInfo } from "./conv_2d_attributes.ts";
import { defineKernel } from "./define_kernel.ts";
import { windowsOnHeap } from "./windows_on_heap.ts";

interface Attributes extends Conv2dAttributes {
  inputShape: number[];
}

/**
 * `Conv2DBackpropInput`, also the forward pass of `conv2dTranspose`: stock is a scalar loop, 11 times
 * slower than the convolution itself. Here each row of dy W^T is the gradient of one window, and is
 * added where that window lay; in blocks of output positions that fit the cache. Also dilated, where
 * the attribute is given.
 */
export const conv2dBackpropInputKernel = defineKernel<
  Attributes,
  { dy: TensorInfo; filter: TensorInfo }
>("Conv2DBackpropInput", (context, { dy, filter }, attributes) => {
  const { tf, run, dispose } = context;
  const gradient = (dy: TensorInfo, inputShape: number[]) => {
    const info = conv2dInfo(tf, inputShape, filter.shape, attributes, false);
    return windowsOnHeap(context, "convolutionInputGradient", [dy, filter], info, info.inShape);
  };
  const { inputShape, dataFormat } = attributes;
  if (dataFormat !== "NCHW") return gradient(dy, inputShape);
  const [batch, channels, height, width] = inputShape;
  const last = withChannelsLast(
    context,
    [dy],
    ([dy]) => gradient(dy, [batch, height, width, channels]),
  );
  const result = run("Transpose", { x: last }, { perm: [0, 3, 1, 2] });
  dispose(last);
  return result;
});
