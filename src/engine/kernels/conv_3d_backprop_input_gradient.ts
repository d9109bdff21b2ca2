import type { Tensor5D } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import type { Conv3dBackpropInputAttributes } from "./conv_3d_backprop_input.ts";
import type { GradientFactory } from "./kernel_context.ts";

/**
 * The gradient of `Conv3DBackpropInputV2`, which is the forward pass of a transposed 3d convolution.
 * TensorFlow.js has none. The kernel is linear in both inputs: for `dy` it is the convolution of the
 * incoming gradient with the same filter, for the filter the gradient that a convolution of it has.
 */
export const conv3dBackpropInputGradient: GradientFactory = ({ tf }) => ({
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
