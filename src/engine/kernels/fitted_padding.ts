import type { TensorInfo } from "@tensorflow/tfjs";
import type { TensorFlow } from "../tensorflow.ts";
import { type Conv2dAttributes, conv2dInfo } from "./conv_2d_attributes.ts";

/**
 * Attributes under which the stock forward kernels of 2d convolutions are right. With `same` padding and
 * windows that end before the input does (a stride larger than the window) the library behind them
 * refuses, without a word, and the output is whatever the heap held. The same padding, spelled out, does
 * not.
 *
 * @param tf The TensorFlow.js that reckons.
 * @param x Input, channels last.
 * @param filter Kernel of the convolution.
 * @param attributes Attributes as the kernel got them.
 * @param isDepthwise Whether the convolution keeps channels apart.
 */
export function fittedPadding<Attributes extends Conv2dAttributes>(
  tf: TensorFlow,
  x: TensorInfo,
  filter: TensorInfo,
  attributes: Attributes,
  isDepthwise: boolean,
): Attributes {
  if (attributes.pad !== "same" || attributes.dataFormat === "NCHW") return attributes;
  const info = conv2dInfo(tf, x.shape, filter.shape, attributes, isDepthwise);
  const ends = (output: number, stride: number, reach: number) => (output - 1) * stride + reach;
  const fits =
    ends(info.outHeight, info.strideHeight, info.effectiveFilterHeight) >= info.inHeight &&
    ends(info.outWidth, info.strideWidth, info.effectiveFilterWidth) >= info.inWidth;
  if (fits) return attributes;
  const { top, bottom, left, right } = info.padInfo;
  return { ...attributes, pad: [[0, 0], [top, bottom], [left, right], [0, 0]] };
}
