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
  const info = conv2dInfo(context.tf, x.shape, filter.shape, attributes, false);
  return finishProduct(context, info.outChannels, { ...others, ...attributes }, (finish) => {
    return windowsOnHeap(context, "convolution", [x, filter], info, info.outShape, finish);
  });
}

/**
 * `Conv2D`: stock is wrong for `same` padding with a stride larger than the window, and keeps packed
 * weights that it does not free with the tensor it made them of. Here the windows are unrolled, in
 * blocks that fit the cache, and multiplied by the filter; at the speed of our GEMM.
 */
export const conv2dKernel = defineKernel<Conv2dAttributes, Inputs>(
  "Conv2D",
  (context, inputs, attributes) =>
    convolve(context, inputs, { ...attributes, activation: "linear" }) ??
      context.stock("Conv2D", inputs, attributes),
);

/** `FusedConv2D`, activation(x * filter + bias): as `Conv2D`; stock's relu turns NaN into 0, too. */
export const fusedConv2dKernel = defineKernel<FusedAttributes, Inputs>(
  "FusedConv2D",
  (context, inputs, attributes) =>
    convolve(context, inputs, attributes) ?? context.stock("FusedConv2D", inputs, attributes),
);
