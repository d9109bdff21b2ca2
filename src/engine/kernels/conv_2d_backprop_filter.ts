import type { TensorInfo } from "@tensorflow/tfjs";
import { withChannelsLast } from "./channels_last.ts";
import { type Conv2dAttributes, conv2dInfo } from "./conv_2d_attributes.ts";
import { defineKernel } from "./define_kernel.ts";
import { windowsOnHeap } from "./windows_on_heap.ts";

interface Attributes extends Conv2dAttributes {
  filterShape: number[];
}

/**
 * `Conv2DBackpropFilter`: stock has none, so no convolution can be differentiated (tfjs #8474). With U
 * the matrix that has the window of one output position in each row, dW = U^T dy. U is unrolled in
 * blocks of positions that fit the cache, each added to dW by our GEMM. Also dilated, where the
 * attribute is given.
 */
export const conv2dBackpropFilterKernel = defineKernel<
  Attributes,
  { x: TensorInfo; dy: TensorInfo }
>(
  "Conv2DBackpropFilter",
  (context, { x, dy }, attributes) => {
    const gradient = ([x, dy]: TensorInfo[]) => {
      const info = conv2dInfo(context.tf, x.shape, attributes.filterShape, attributes, false);
      return windowsOnHeap(context, "convolutionFilterGradient", [x, dy], info, info.filterShape);
    };
    return attributes.dataFormat === "NCHW"
      ? withChannelsLast(context, [x, dy], gradient)
      : gradient([x, dy]);
  },
);
