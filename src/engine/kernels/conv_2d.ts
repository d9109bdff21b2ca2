import type { TensorInfo } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import { convolutionKernels, type FusedAttributes } from "./convolution_kernels.ts";
import { defineKernel } from "./define_kernel.ts";
import type { GradientFactory, KernelContext, KernelRepair } from "./kernel_context.ts";
import { requireLinear } from "./mat_mul.ts";
import { type Conv2dAttributes, conv2dInfo } from "./window_attributes.ts";
import { windowsOnHeap } from "./windows_on_heap.ts";

/** Runs `compute` on [batch, channels, height, width] inputs as if their channels were last. */
function withChannelsLast(
  { run, dispose }: KernelContext,
  inputs: TensorInfo[],
  compute: (inputs: TensorInfo[]) => TensorInfo,
): TensorInfo {
  const turned = inputs.map((x) => run("Transpose", { x }, { perm: [0, 2, 3, 1] }));
  const result = compute(turned);
  dispose(...turned);
  return result;
}

const { plain, fused } = convolutionKernels("convolution", "Conv2D", "FusedConv2D");

/**
 * `Conv2D`: the stock op is wrong for `same` padding with a stride larger than the window, and
 * leaks the packed weights when their tensor is freed. Here blocks of windows that fit the cache
 * are packed, mostly in place, and multiplied by the filter.
 */
const conv2dKernel = plain;

/**
 * `FusedConv2D`, activation(x * filter + bias): as `Conv2D`; the stock relu also turns NaN into 0.
 */
const fusedConv2dKernel = fused;

/**
 * Gradient of `FusedConv2D` without an activation. TensorFlow.js has none, and always computes the
 * gradients of all inputs together, needed or not. For x and filter it is that of `Conv2D`.
 */
const fusedConv2dGradient: GradientFactory = ({ tf }) => ({
  kernelName: "FusedConv2D",
  inputsToSave: ["x", "filter"],
  gradFunc(dy, saved, attrs) {
    requireLinear("FusedConv2D", attrs as unknown as FusedAttributes);
    const { x, filter } = tf.getGradient("Conv2D").gradFunc(dy, saved, attrs);
    return { x, filter, bias: () => tf.sum(dy as Tensor, [0, 1, 2]) };
  },
});

/**
 * `Conv2DBackpropFilter`: the stock backend has none, so no convolution can be differentiated (tfjs
 * #8474). If each row of U is the window of one output position, dW = U^T dy. U is packed in blocks
 * of positions that fit the cache, and the product of each is added to dW. Supports dilation if the
 * attribute is given.
 */
const conv2dBackpropFilterKernel = defineKernel<
  Conv2dAttributes & { filterShape: number[] },
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

/**
 * `Conv2DBackpropInput`, also the forward pass of `conv2dTranspose`: the stock op is a scalar loop,
 * 11 times slower than the convolution itself. With stride 1 it is a convolution of dy here;
 * otherwise each row of dy W^T is the gradient of one window and is added at its position, in
 * blocks of output positions that fit the cache. Supports dilation if the attribute is given.
 */
const conv2dBackpropInputKernel = defineKernel<
  Conv2dAttributes & { inputShape: number[] },
  { dy: TensorInfo; filter: TensorInfo }
>("Conv2DBackpropInput", (context, { dy, filter }, attributes) => {
  const { tf, run, dispose } = context;
  const gradient = (dy: TensorInfo, inputShape: number[]) => {
    const info = conv2dInfo(tf, inputShape, filter.shape, attributes, false);
    return windowsOnHeap(context, "convolutionInputGradient", [dy, filter], info, info.inShape);
  };
  const { inputShape, dataFormat } = attributes;
  if (dataFormat !== "NCHW") return gradient(dy, inputShape);
  const [batch, channels, height, width] = inputShape;
  const last = withChannelsLast(
    context,
    [dy],
    ([dy]) => gradient(dy, [batch, height, width, channels]),
  );
  const result = run("Transpose", { x: last }, { perm: [0, 3, 1, 2] });
  dispose(last);
  return result;
});

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [conv2dBackpropFilterKernel, conv2dBackpropInputKernel, conv2dKernel, fusedConv2dKernel],
  gradients: [fusedConv2dGradient],
};
