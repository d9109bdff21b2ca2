import type { TensorInfo } from "@tensorflow/tfjs";
import type { Conv2dAttributes } from "./conv_2d_attributes.ts";
import { defineKernel } from "./define_kernel.ts";
import { fittedPadding } from "./fitted_padding.ts";
import type { KernelFactory } from "./kernel_context.ts";

interface Attributes extends Conv2dAttributes {
  /** Of the fused kernels. */
  activation?: string;
}

type Inputs =
  & { x: TensorInfo; filter: TensorInfo }
  & { bias?: TensorInfo; preluActivationWeights?: TensorInfo };

/** Activations that the stock kernels fuse in such a way that NaN becomes 0. */
const HIDES_NAN: Record<string, string> = { relu: "Relu", relu6: "Relu6" };

function kernel(kernelName: string, isDepthwise: boolean): KernelFactory {
  return defineKernel<Attributes, Inputs>(kernelName, (context, inputs, attributes) => {
    const { x, filter } = inputs;
    const fitted = fittedPadding(context.tf, x, filter, attributes, isDepthwise);
    const after = HIDES_NAN[attributes.activation ?? "linear"];
    if (after === undefined) return context.stock(kernelName, inputs, fitted);
    const linear = context.stock(kernelName, inputs, { ...fitted, activation: "linear" });
    const output = context.run(after, { x: linear });
    context.dispose(linear);
    return output;
  });
}

/**
 * The forward kernels of 2d convolutions: `Conv2D`, `DepthwiseConv2dNative` and both fused ones. The stock
 * kernels do the work, with two repairs: `same` padding with a stride larger than the window, for which
 * they leave the output as they found it, and a fused relu or relu6, which turns NaN into 0. The padding
 * is spelled out instead, and the activation follows as a kernel of its own.
 */
export const convolutionKernels: KernelFactory[] = [
  kernel("Conv2D", false),
  kernel("DepthwiseConv2dNative", true),
  kernel("FusedConv2D", false),
  kernel("FusedDepthwiseConv2D", true),
];
