import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";
import type { KernelContext, KernelFactory } from "./kernel_context.ts";
import { finishProduct } from "./mat_mul.ts";
import { type Conv2dAttributes, conv2dInfo } from "./window_attributes.ts";
import { windowsOnHeap } from "./windows_on_heap.ts";

interface Inputs extends Record<string, TensorInfo | undefined> {
  x: TensorInfo;
  filter: TensorInfo;
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
}

/** Attributes of a convolution that a bias and an activation follow. */
export interface FusedAttributes extends Conv2dAttributes {
  activation: string;
  leakyreluAlpha?: number;
}

/**
 * The kernels of a 2d convolution: the plain one, and the one that a bias and an activation follow.
 *
 * @param kind What the native module does. Only a `convolution` adds the bias by itself; kernels follow
 * a `depthwise` one.
 * @param plainName Name of the plain kernel.
 * @param fusedName Name of the other.
 */
export function convolutionKernels(
  kind: "convolution" | "depthwise",
  plainName: string,
  fusedName: string,
): { plain: KernelFactory; fused: KernelFactory } {
  function convolve(
    context: KernelContext,
    { x, filter, ...others }: Inputs,
    attributes: FusedAttributes,
  ): TensorInfo | null {
    // Channels first: stock says that it cannot.
    if (attributes.dataFormat === "NCHW") return null;
    const info = conv2dInfo(context.tf, x.shape, filter.shape, attributes, kind === "depthwise");
    const columns = kind === "convolution" ? info.outChannels : null;
    return finishProduct(
      context,
      columns,
      { ...others, ...attributes },
      (finish) => windowsOnHeap(context, kind, [x, filter], info, info.outShape, finish),
    );
  }

  return {
    plain: defineKernel<Conv2dAttributes, Inputs>(
      plainName,
      (context, inputs, attributes) =>
        convolve(context, inputs, { ...attributes, activation: "linear" }) ??
          context.stock(plainName, inputs, attributes),
    ),
    fused: defineKernel<FusedAttributes, Inputs>(
      fusedName,
      (context, inputs, attributes) =>
        convolve(context, inputs, attributes) ?? context.stock(fusedName, inputs, attributes),
    ),
  };
}
