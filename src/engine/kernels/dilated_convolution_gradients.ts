import type { GradConfig } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import type { GradientFactory, KernelAttributes } from "./kernel_context.ts";

/** Whether the kernels here must answer: TensorFlow.js refuses gaps, or takes no notice of them. */
const isDilated = ({ dilations = 1, dataFormat }: KernelAttributes) =>
  dataFormat !== "NCHW" && [dilations].flat().some((rate) => rate !== 1);

function gradient(kernelName: string, toFilter: string, toInput: string): GradientFactory {
  return ({ tf }) => {
    const stock = tf.getGradient(kernelName) as GradConfig;
    return {
      ...stock,
      gradFunc(gradient, saved, attrs) {
        if (tf.getBackend() !== "wasm" || !isDilated(attrs)) {
          return stock.gradFunc(gradient, saved, attrs);
        }
        const dy = gradient as Tensor;
        const [x, filter] = saved as Tensor[];
        const run = (name: string, inputs: Record<string, Tensor>, shapes: KernelAttributes) =>
          tf.engine().runKernel(name, inputs, { ...attrs, ...shapes }) as Tensor;
        return {
          x: () => run(toInput, { dy, filter }, { inputShape: x.shape }),
          filter: () => run(toFilter, { x, dy }, { filterShape: filter.shape }),
        };
      },
    };
  };
}

/**
 * The gradients of convolutions with gaps between their taps. TensorFlow.js throws for any dilation
 * larger than 1. The kernels of this project take dilations, also together with strides; on another
 * backend than WASM, and without dilation, the gradient of TensorFlow.js answers.
 */
export const dilatedConvolutionGradients: GradientFactory[] = [
  gradient("Conv2D", "Conv2DBackpropFilter", "Conv2DBackpropInput"),
  gradient(
    "DepthwiseConv2dNative",
    "DepthwiseConv2dNativeBackpropFilter",
    "DepthwiseConv2dNativeBackpropInput",
  ),
  gradient("Conv3D", "Conv3DBackpropFilterV2", "Conv3DBackpropInputV2"),
  // Of second order. The kernel is linear in both inputs: for dy it is the convolution of the incoming
  // gradient, for the filter the gradient that a convolution of it has. Stock leaves the gaps out.
  ({ tf }) => {
    const stock = tf.getGradient("Conv2DBackpropInput") as GradConfig;
    return {
      ...stock,
      gradFunc(gradient, saved, attrs) {
        if (tf.getBackend() !== "wasm" || !isDilated(attrs)) {
          return stock.gradFunc(gradient, saved, attrs);
        }
        const x = gradient as Tensor;
        const [dy, filter] = saved as Tensor[];
        const run = (name: string, inputs: Record<string, Tensor>) =>
          tf.engine().runKernel(name, inputs, { ...attrs, filterShape: filter.shape }) as Tensor;
        return {
          dy: () => run("Conv2D", { x, filter }),
          filter: () => run("Conv2DBackpropFilter", { x, dy }),
        };
      },
    };
  },
];
