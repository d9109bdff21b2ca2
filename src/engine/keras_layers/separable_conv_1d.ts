import type { Tensor3D, Tensor4D } from "@tensorflow/tfjs";
import { type LayerActivation, type LayerWeight, oneTensor } from "../layers/layer_repair.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { kerasLayer, type KerasLayerFactory } from "./keras_layer.ts";
import { stockClass } from "./stock_class.ts";

/** Arguments of a SeparableConv1D: those of `tf.layers.separableConv2d`, the window along one axis. */
export interface SeparableConv1DArgs extends
  Omit<
    Parameters<TensorFlow["layers"]["separableConv2d"]>[0],
    "kernelSize" | "strides" | "dilationRate"
  > {
  /** Size of the window. */
  kernelSize: number | [number];
  /** Step of the window. Default: 1. */
  strides?: number | [number];
  /** Distance of its taps. Default: 1. */
  dilationRate?: number | [number];
}

interface Separable {
  depthwiseKernel: LayerWeight;
  pointwiseKernel: LayerWeight;
  bias: LayerWeight | null;
  strides: number[];
  dilationRate: number[];
  padding: "valid" | "same";
  dataFormat: "channelsFirst" | "channelsLast";
  activation: LayerActivation;
  depthMultiplier: number;
}

/**
 * SeparableConv1D: each channel convolved by itself, then all channels mixed at each step. TensorFlow.js has the base
 * class for any rank, and says of rank 1 that it is not implemented yet. Here the sequence is a picture of one row.
 */
export const createSeparableConv1D: KerasLayerFactory<SeparableConv1DArgs> = kerasLayer((tf) => {
  const SeparableConv = stockClass<Separable, [rank: number, args: SeparableConv1DArgs]>(
    tf,
    "SeparableConv2D",
    1,
  );
  return class SeparableConv1D extends SeparableConv {
    static className = "SeparableConv1D";

    constructor(args: SeparableConv1DArgs) {
      super(1, args);
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const first = this.dataFormat === "channelsFirst";
        const x = oneTensor(inputs);
        const [stride] = this.strides, [rate] = this.dilationRate;
        const row = tf.expandDims(first ? tf.transpose(x, [0, 2, 1]) : x, 1) as Tensor4D;
        const kernel = (weight: LayerWeight) =>
          tf.expandDims(weight.read() as Tensor3D, 0) as Tensor4D;
        let y: Tensor = tf.squeeze(
          tf.separableConv2d(
            row,
            kernel(this.depthwiseKernel),
            kernel(this.pointwiseKernel),
            [stride, stride],
            this.padding,
            [rate, rate],
          ),
          [1],
        );
        if (this.bias) y = tf.add(y, this.bias.read());
        return this.activation.apply(first ? tf.transpose(y, [0, 2, 1]) : y);
      });
    }

    override getConfig() {
      return { ...super.getConfig(), depthMultiplier: this.depthMultiplier };
    }
  };
});
