import { convolutionKernels } from "./convolution_kernels.ts";

const { plain, fused } = convolutionKernels(
  "depthwise",
  "DepthwiseConv2dNative",
  "FusedDepthwiseConv2D",
);

/**
 * `DepthwiseConv2dNative`: stock is wrong for `same` padding with a stride larger than the window. Here
 * each output entry is the sum over taps of the input entry times the tap, four channels at a time.
 */
export const depthwiseConv2dNativeKernel = plain;

/** `FusedDepthwiseConv2D`, activation(x * filter + bias): as `DepthwiseConv2dNative`. */
export const fusedDepthwiseConv2dKernel = fused;
