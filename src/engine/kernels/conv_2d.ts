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
 * `Conv2D`: stock is wrong for `same` padding with a stride larger than the window, and keeps packed
 * weights that it does not free with the tensor it made them of. Here blocks of windows that fit the cache
 * are packed, mostly from where they stand, and multiplied by the filter.
 */
const conv2dKernel = plain;

/** `FusedConv2D`, activation(x * filter + bias): as `Conv2D`; stock's relu turns NaN into 0, too. */
const fusedConv2dKernel = fused;

/**
 * The gradient of `FusedConv2D` without an activation. TensorFlow.js has none, and always computes the gradients of
 * all inputs together, needed or not. For x and filter it is that of `Conv2D`.
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
 * `Conv2DBackpropFilter`: stock has none, so no convolution can be differentiated (tfjs #8474). With U
 * the matrix that has the window of one output position in each row, dW = U^T dy. U is packed in
 * blocks of positions that fit the cache, and the product of each is added to dW. Also dilated, where
 * the attribute is given.
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
 * `Conv2DBackpropInput`, also the forward pass of `conv2dTranspose`: stock is a scalar loop, 11 times
 * slower than the convolution itself. Here it is a convolution of dy where windows move by 1; else
 * each row of dy W^T is the gradient of one window, and is added where that window lay, in blocks of
 * output positions that fit the cache. Also dilated, where the attribute is given.
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

/** What this file puts in place. */
export const repair: KernelRepair = {
  kernels: [conv2dBackpropFilterKernel, conv2dBackpropInputKernel, conv2dKernel, fusedConv2dKernel],
  gradients: [fusedConv2dGradient],
};
