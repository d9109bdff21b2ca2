import type { TensorInfo } from "@tensorflow/tfjs";
import { withChannelsLast } from "./channels_last.ts";
import { type Conv2dAttributes, conv2dInfo } from "./conv_2d_attributes.ts";
import { convolutionWindowsOf } from "./convolution_windows_of.ts";
import { defineKernel } from "./define_kernel.ts";

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
    const { tf, backend, address } = context;
    const gradient = ([x, dy]: TensorInfo[]) => {
      const info = conv2dInfo(tf, x.shape, attributes.filterShape, attributes, false);
      const result = backend.makeOutput(info.filterShape, "float32");
      context.native.windows(
        "convolutionFilterGradient",
        address(x),
        address(dy),
        address(result),
        convolutionWindowsOf(info),
      );
      return result;
    };
    return attributes.dataFormat === "NCHW"
      ? withChannelsLast(context, [x, dy], gradient)
      : gradient([x, dy]);
  },
);
