import type { TensorInfo } from "@tensorflow/tfjs";
import { type Conv3dAttributes, conv3dInfo } from "./conv_3d_attributes.ts";
import { defineKernel } from "./define_kernel.ts";
import { windowsOnHeap } from "./windows_on_heap.ts";

/**
 * `Conv3D`: stock is a scalar loop, and with `same` padding and a stride larger than the window it (and
 * that of `cpu`) may begin at the wrong place. Here windows begin where TensorFlow puts them; they are
 * unrolled and multiplied by the filter, as for `Conv2D`.
 */
export const conv3dKernel = defineKernel<
  Conv3dAttributes,
  { x: TensorInfo; filter: TensorInfo }
>("Conv3D", (context, { x, filter }, attributes) => {
  const info = conv3dInfo(context.tf, x.shape, filter.shape, attributes);
  return windowsOnHeap(context, "convolution", [x, filter], info, info.outShape);
});
