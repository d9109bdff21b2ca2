import type { Tensor4D } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import {
  type LayerActivation,
  type LayerRepair,
  type LayerWeight,
  oneTensor,
} from "./layer_repair.ts";

interface DepthwiseLayer {
  depthwiseKernel: LayerWeight;
  bias: LayerWeight | null;
  kernelSize: number[];
  strides: [number, number];
  padding: "valid" | "same";
  dilationRate: [number, number];
  dataFormat: "channelsFirst" | "channelsLast";
  activation: LayerActivation;
}

/**
 * Repairs DepthwiseConv2D. TensorFlow.js accepts `dilationRate` and silently ignores it. Here it is
 * applied to the output and its shape; layers without dilation keep TensorFlow.js's code.
 */
export const repairDepthwiseConv2d: LayerRepair = ({ tf, patch }) => {
  const isDilated = (layer: DepthwiseLayer) => layer.dilationRate.some((rate) => rate > 1);

  patch(
    "DepthwiseConv2D",
    "call",
    (original) =>
      function (this: DepthwiseLayer, inputs: Tensor | Tensor[], kwargs: unknown) {
        if (!isDilated(this)) return original.call(this, inputs, kwargs);
        return tf.tidy(() => {
          const first = this.dataFormat === "channelsFirst";
          const x = oneTensor(inputs);
          let y: Tensor = tf.depthwiseConv2d(
            (first ? tf.transpose(x, [0, 2, 3, 1]) : x) as Tensor4D,
            this.depthwiseKernel.read() as Tensor4D,
            this.strides,
            this.padding,
            "NHWC",
            this.dilationRate,
          );
          if (this.bias) y = tf.add(y, this.bias.read());
          if (first) y = tf.transpose(y, [0, 3, 1, 2]);
          return this.activation.apply(y);
        });
      },
  );

  // A dilated window has the reach of a larger dense one.
  patch(
    "DepthwiseConv2D",
    "computeOutputShape",
    (original) =>
      function (this: DepthwiseLayer, inputShape: unknown) {
        const reach = this.kernelSize.map((n, axis) => (n - 1) * this.dilationRate[axis] + 1);
        return original.call(Object.create(this, { kernelSize: { value: reach } }), inputShape);
      },
  );
};

interface SeparableLayer {
  depthwiseKernel: LayerWeight;
  pointwiseKernel: LayerWeight;
  bias: LayerWeight | null;
  strides: [number, number];
  padding: "valid" | "same";
  dilationRate: [number, number];
  dataFormat: "channelsFirst" | "channelsLast";
  activation: LayerActivation;
}

/**
 * Repairs SeparableConv2D with channels first and a bias. TensorFlow.js adds the bias along the
 * wrong axis: it throws, or adds it to the rows if there are as many rows as filters. Here the bias
 * is added while the channels are last. Other SeparableConv2D layers keep TensorFlow.js's code.
 */
export const repairSeparableConv2d: LayerRepair = ({ tf, patch }) => {
  patch(
    "SeparableConv2D",
    "call",
    (original) =>
      function (this: SeparableLayer, inputs: Tensor | Tensor[], kwargs: unknown) {
        if (this.dataFormat !== "channelsFirst" || this.bias === null) {
          return original.call(this, inputs, kwargs);
        }
        const bias = this.bias;
        return tf.tidy(() => {
          const y = tf.separableConv2d(
            tf.transpose(oneTensor(inputs), [0, 2, 3, 1]) as Tensor4D,
            this.depthwiseKernel.read() as Tensor4D,
            this.pointwiseKernel.read() as Tensor4D,
            this.strides,
            this.padding,
            this.dilationRate,
            "NHWC",
          );
          return this.activation.apply(tf.transpose(tf.add(y, bias.read()), [0, 3, 1, 2]));
        });
      },
  );
};
