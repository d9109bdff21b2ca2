import type { backend_util, Tensor5D, TensorInfo } from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { defineKernel } from "./define_kernel.ts";
import type { GradientFactory, KernelRepair } from "./kernel_context.ts";
import { windowsOnHeap } from "./windows_on_heap.ts";

/** Attributes that 3d convolutions and their gradients share. */
interface Conv3dAttributes {
  strides: number | [number, number, number];
  pad: "valid" | "same";
  /** Absent in gradients of TensorFlow.js; 1 then. */
  dilations?: number | [number, number, number];
}

/** Returns TensorFlow.js's geometry of a 3d convolution. */
function conv3dInfo(
  { backend_util }: TensorFlow,
  inputShape: number[],
  filterShape: number[],
  { strides, pad, dilations = 1 }: Conv3dAttributes,
): backend_util.Conv3DInfo {
  return backend_util.computeConv3DInfo(
    inputShape as [number, number, number, number, number],
    filterShape as [number, number, number, number, number],
    strides,
    dilations,
    pad,
  );
}

/**
 * `Conv3D`: the stock op is a scalar loop, and with `same` padding and a stride larger than the
 * window it (and that of `cpu`) may start at the wrong position. Here windows start where
 * TensorFlow puts them; they are unrolled and multiplied by the filter, as for `Conv2D`.
 */
const conv3dKernel = defineKernel<
  Conv3dAttributes,
  { x: TensorInfo; filter: TensorInfo }
>("Conv3D", (context, { x, filter }, attributes) => {
  const info = conv3dInfo(context.tf, x.shape, filter.shape, attributes);
  return windowsOnHeap(context, "convolution", [x, filter], info, info.outShape);
});

/** Attributes of `Conv3DBackpropFilterV2`; `dilations` is our addition. */
interface Conv3dBackpropFilterAttributes extends Conv3dAttributes {
  filterShape: number[];
}

/**
 * `Conv3DBackpropFilterV2`, the gradient of a 3d convolution with respect to its kernel. The stock
 * op is wrong for strides larger than 1. Here it is dW = U^T dy, as for `Conv2DBackpropFilter`.
 */
const conv3dBackpropFilterKernel = defineKernel<
  Conv3dBackpropFilterAttributes,
  { x: TensorInfo; dy: TensorInfo }
>("Conv3DBackpropFilterV2", (context, { x, dy }, attributes) => {
  const { filterShape } = attributes;
  const info = conv3dInfo(context.tf, x.shape, filterShape, attributes);
  return windowsOnHeap(context, "convolutionFilterGradient", [x, dy], info, filterShape);
});

/** Attributes of `Conv3DBackpropInputV2`; `dilations` is our addition. */
interface Conv3dBackpropInputAttributes extends Conv3dAttributes {
  inputShape: number[];
}

/**
 * `Conv3DBackpropInputV2`, the gradient of a 3d convolution with respect to its input, and the
 * forward pass of a transposed one. The stock op was wrong in every shape tried. Here each row of
 * dy W^T is added at the position of its window, as for `Conv2DBackpropInput`.
 */
const conv3dBackpropInputKernel = defineKernel<
  Conv3dBackpropInputAttributes,
  { dy: TensorInfo; filter: TensorInfo }
>("Conv3DBackpropInputV2", (context, { dy, filter }, attributes) => {
  const { inputShape } = attributes;
  const info = conv3dInfo(context.tf, inputShape, filter.shape, attributes);
  return windowsOnHeap(context, "convolutionInputGradient", [dy, filter], info, inputShape);
});

/**
 * Gradient of `Conv3DBackpropInputV2`, the forward pass of a transposed 3d convolution.
 * TensorFlow.js has none. The op is linear in both inputs: the gradient for `dy` is the convolution
 * of the incoming gradient with the same filter; for the filter it is that convolution's filter
 * gradient.
 */
const conv3dBackpropInputGradient: GradientFactory = ({ tf }) => ({
  kernelName: "Conv3DBackpropInputV2",
  inputsToSave: ["dy", "filter"],
  gradFunc(gradient, saved, attrs) {
    const [dy, filter] = saved as Tensor[];
    const { strides, pad, dilations = 1 } = attrs as unknown as Conv3dBackpropInputAttributes;
    const x = gradient as Tensor5D;
    return {
      dy: () => tf.conv3d(x, filter as Tensor5D, strides, pad, "NDHWC", dilations as 1),
      filter: () =>
        tf.engine().runKernel(
          "Conv3DBackpropFilterV2",
          { x, dy },
          { filterShape: filter.shape, strides, pad, dilations },
        ) as Tensor,
    };
  },
});

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [conv3dBackpropFilterKernel, conv3dBackpropInputKernel, conv3dKernel],
  gradients: [conv3dBackpropInputGradient],
};
