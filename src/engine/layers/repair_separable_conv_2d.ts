import type { Tensor4D } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import {
  type LayerActivation,
  type LayerRepair,
  type LayerWeight,
  oneTensor,
} from "./layer_repair.ts";

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
 * SeparableConv2D with channels first and a bias. TensorFlow.js adds the bias along the wrong axis: it
 * throws, or adds it to the rows where there are as many rows as filters. Here the bias joins while the
 * channels are last. Any other SeparableConv2D goes its own way.
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
