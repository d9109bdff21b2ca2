import type { GradConfig } from "@tensorflow/tfjs";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { dilatedTaps, type DilatedWindow } from "./dilated_taps.ts";
import type { GradientFactory } from "./kernel_context.ts";

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];

interface Attributes {
  strides: number | number[];
  pad: "valid" | "same" | number;
  dataFormat?: string;
  dilations?: number | number[];
  dimRoundingMode?: "floor" | "round" | "ceil";
}

const isDilated = ({ dilations }: Attributes) => [dilations ?? 1].flat().some((rate) => rate !== 1);

/** The window of a dilated `Conv2D`, `DepthwiseConv2dNative` or `Conv3D`. */
function windowOf(tf: TensorFlow, kernelName: string, x: Tensor, filter: Tensor, a: Attributes) {
  if (kernelName === "Conv3D") {
    const info = tf.backend_util.computeConv3DInfo(
      x.shape as Shape5,
      filter.shape as Shape5,
      a.strides as 1,
      a.dilations as 1,
      a.pad as "same",
    );
    const { front, top, left } = info.padInfo;
    return {
      taps: [info.filterDepth, info.filterHeight, info.filterWidth],
      dilations: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
      before: [front, top, left],
    };
  }
  const info = tf.backend_util.computeConv2DInfo(
    x.shape as Shape4,
    filter.shape as Shape4,
    a.strides as 1,
    a.dilations as 1,
    a.pad,
    a.dimRoundingMode,
    kernelName === "DepthwiseConv2dNative",
  );
  return {
    taps: [info.filterHeight, info.filterWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    before: [info.padInfo.top, info.padInfo.left],
  };
}

const sumOf = (tf: TensorFlow, parts: Tensor[]) => parts.reduce((a, b) => tf.add(a, b));

/** A convolution that mixes channels: products of matrices, tap by tap. */
function mixing(tf: TensorFlow, x: Tensor, filter: Tensor, dy: Tensor, window: DilatedWindow) {
  const [channels, filters] = filter.shape.slice(-2);
  const taps = () => dilatedTaps(tf, x, dy.shape, window);
  const flat = (a: Tensor, width: number) => tf.reshape(a, [-1, width]) as Tensor;
  return {
    x: () => {
      const weights = tf.unstack(tf.reshape(filter, [-1, channels, filters]));
      const positions = [...dy.shape.slice(0, -1), channels];
      return sumOf(
        tf,
        taps().map(({ laid }, i) =>
          laid(tf.reshape(tf.matMul(flat(dy, filters), weights[i], false, true), positions))
        ),
      );
    },
    filter: () =>
      tf.reshape(
        tf.stack(
          taps().map(({ tapped }) =>
            tf.matMul(flat(tapped(), channels), flat(dy, filters), true, false)
          ),
        ),
        filter.shape,
      ),
  };
}

/** A convolution that keeps channels apart: products entry by entry, tap by tap. */
function depthwise(tf: TensorFlow, x: Tensor, filter: Tensor, dy: Tensor, window: DilatedWindow) {
  const [channels, multiplier] = filter.shape.slice(-2);
  const taps = () => dilatedTaps(tf, x, dy.shape, window);
  const apart = (a: Tensor, width: number) => tf.reshape(a, [-1, channels, width]) as Tensor;
  return {
    x: () => {
      const weights = tf.unstack(tf.reshape(filter, [-1, channels, multiplier]));
      const positions = [...dy.shape.slice(0, -1), channels];
      return sumOf(
        tf,
        taps().map(({ laid }, i) =>
          laid(tf.reshape(tf.sum(tf.mul(apart(dy, multiplier), weights[i]), 2), positions))
        ),
      );
    },
    filter: () =>
      tf.reshape(
        tf.stack(
          taps().map(({ tapped }) => tf.sum(tf.mul(apart(tapped(), 1), apart(dy, multiplier)), 0)),
        ),
        filter.shape,
      ),
  };
}

function gradient(kernelName: string): GradientFactory {
  return ({ tf }) => {
    const stock = tf.getGradient(kernelName) as GradConfig;
    return {
      kernelName,
      inputsToSave: ["x", "filter"],
      gradFunc(dy, saved, attrs) {
        const attributes = attrs as unknown as Attributes;
        if (!isDilated(attributes) || attributes.dataFormat === "NCHW") {
          return stock.gradFunc(dy, saved, attrs);
        }
        const [x, filter] = saved as Tensor[];
        const window = windowOf(tf, kernelName, x, filter, attributes);
        const compose = kernelName === "DepthwiseConv2dNative" ? depthwise : mixing;
        return compose(tf, x, filter, dy as Tensor, window);
      },
    };
  };
}

/**
 * The gradients of convolutions with gaps between their taps. TensorFlow.js throws for any dilation
 * larger than 1. A dilated window moves by steps of 1, so each tap `k` meets a part of the padded input
 * as large as the output: `dW[k] = part^T dy`, and `dx` is the sum of `dy W[k]^T`, each laid where its
 * part came from. Without dilation the gradient of TensorFlow.js answers, and its kernels.
 */
export const dilatedConvolutionGradients: GradientFactory[] = [
  gradient("Conv2D"),
  gradient("DepthwiseConv2dNative"),
  gradient("Conv3D"),
];
