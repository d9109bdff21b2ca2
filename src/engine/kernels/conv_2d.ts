import { convolutionKernels } from "./convolution_kernels.ts";

const { plain, fused } = convolutionKernels("convolution", "Conv2D", "FusedConv2D");

/**
 * `Conv2D`: stock is wrong for `same` padding with a stride larger than the window, and keeps packed
 * weights that it does not free with the tensor it made them of. Here the windows are unrolled, in
 * blocks that fit the cache, and multiplied by the filter; at the speed of our GEMM.
 */
export const conv2dKernel = plain;

/** `FusedConv2D`, activation(x * filter + bias): as `Conv2D`; stock's relu turns NaN into 0, too. */
export const fusedConv2dKernel = fused;
