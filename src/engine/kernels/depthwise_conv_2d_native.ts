import type { TensorInfo } from "@tensorflow/tfjs";
import { convolutionKernels } from "./convolution_kernels.ts";
import { defineKernel } from "./define_kernel.ts";
import { type Conv2dAttributes, conv2dInfo } from "./window_attributes.ts";
import { windowsOnHeap } from "./windows_on_heap.ts";
import type { KernelRepair } from "./kernel_context.ts";

const { plain, fused } = convolutionKernels(
  "depthwise",
  "DepthwiseConv2dNative",
  "FusedDepthwiseConv2D",
);

/**
 * `DepthwiseConv2dNative`: the stock op is wrong for `same` padding with a stride larger than the
 * window. Here each output entry is the sum over taps of the input entry times the tap, four
 * channels at a time.
 */
const depthwiseConv2dNativeKernel = plain;

/** `FusedDepthwiseConv2D`, activation(x * filter + bias): as `DepthwiseConv2dNative`. */
const fusedDepthwiseConv2dKernel = fused;

/**
 * `DepthwiseConv2dNativeBackpropFilter`: the stock backend has none. Each weight's gradient is the
 * sum over the output positions of dy times the input entry at its tap.
 */
const depthwiseConv2dNativeBackpropFilterKernel = defineKernel<
  Conv2dAttributes & { filterShape: number[] },
  { x: TensorInfo; dy: TensorInfo }
>("DepthwiseConv2dNativeBackpropFilter", (context, { x, dy }, attributes) => {
  const info = conv2dInfo(context.tf, x.shape, attributes.filterShape, attributes, true);
  return windowsOnHeap(context, "depthwiseFilterGradient", [x, dy], info, info.filterShape);
});

/**
 * `DepthwiseConv2dNativeBackpropInput`: the stock backend has none. Each entry of dy times each tap
 * is added to the input entry at that tap.
 */
const depthwiseConv2dNativeBackpropInputKernel = defineKernel<
  Conv2dAttributes & { inputShape: number[] },
  { dy: TensorInfo; filter: TensorInfo }
>("DepthwiseConv2dNativeBackpropInput", (context, { dy, filter }, attributes) => {
  const info = conv2dInfo(context.tf, attributes.inputShape, filter.shape, attributes, true);
  return windowsOnHeap(context, "depthwiseInputGradient", [dy, filter], info, info.inShape);
});

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [
    depthwiseConv2dNativeBackpropFilterKernel,
    depthwiseConv2dNativeBackpropInputKernel,
    depthwiseConv2dNativeKernel,
    fusedDepthwiseConv2dKernel,
  ],
};
