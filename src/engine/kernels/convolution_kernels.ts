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

/** Attributes of a convolution fused with a bias and an activation. */
export interface FusedAttributes extends Conv2dAttributes {
  activation: string;
  leakyreluAlpha?: number;
}

/**
 * Returns the ops of a 2d convolution: the plain one, and the one fused with a bias and an
 * activation.
 *
 * @param kind Operation of the native module. Only a `convolution` adds the bias itself; a
 * `depthwise` one is followed by further ops.
 * @param plainName Name of the plain op.
 * @param fusedName Name of the fused op.
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
    // The stock op rejects channels first with an error.
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
