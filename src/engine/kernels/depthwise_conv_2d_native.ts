import type { TensorInfo } from "@tensorflow/tfjs";
import { type Conv2dAttributes, conv2dInfo } from "./conv_2d_attributes.ts";
import { defineKernel } from "./define_kernel.ts";
import { finishProduct } from "./finish_product.ts";
import type { KernelContext } from "./kernel_context.ts";
import { windowsOnHeap } from "./windows_on_heap.ts";

interface Inputs extends Record<string, TensorInfo | undefined> {
  x: TensorInfo;
  filter: TensorInfo;
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
}

interface FusedAttributes extends Conv2dAttributes {
  activation: string;
  leakyreluAlpha?: number;
}

function convolve(
  context: KernelContext,
  { x, filter, ...others }: Inputs,
  attributes: FusedAttributes,
): TensorInfo | null {
  // Channels first: stock says that it cannot.
  if (attributes.dataFormat === "NCHW") return null;
  const info = conv2dInfo(context.tf, x.shape, filter.shape, attributes, true);
  // The native module adds no bias here: kernels do.
  return finishProduct(context, null, { ...others, ...attributes }, () => {
    return windowsOnHeap(context, "depthwise", [x, filter], info, info.outShape);
  });
}

/**
 * `DepthwiseConv2dNative`: stock is wrong for `same` padding with a stride larger than the window. Here
 * each output entry is the sum over taps of the input entry times the tap, four channels at a time.
 */
export const depthwiseConv2dNativeKernel = defineKernel<Conv2dAttributes, Inputs>(
  "DepthwiseConv2dNative",
  (context, inputs, attributes) =>
    convolve(context, inputs, { ...attributes, activation: "linear" }) ??
      context.stock("DepthwiseConv2dNative", inputs, attributes),
);

/** `FusedDepthwiseConv2D`, activation(x * filter + bias): as `DepthwiseConv2dNative`. */
export const fusedDepthwiseConv2dKernel = defineKernel<FusedAttributes, Inputs>(
  "FusedDepthwiseConv2D",
  (context, inputs, attributes) =>
    convolve(context, inputs, attributes) ??
      context.stock("FusedDepthwiseConv2D", inputs, attributes),
);
