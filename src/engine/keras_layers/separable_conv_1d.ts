import type { LayerActivation, LayerWeight } from "../layers/layer_repair.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { convolveRow, kernelOfRow } from "./convolve_row.ts";
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
 * SeparableConv1D: each channel is convolved separately, then all channels are mixed at each step.
 * TensorFlow.js has the base class for any rank, but says that rank 1 is not implemented yet.
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
      const [stride] = this.strides, [rate] = this.dilationRate;
      return convolveRow(tf, this, inputs, (rows) =>
        tf.separableConv2d(
          rows,
          kernelOfRow(tf, this.depthwiseKernel.read()),
          kernelOfRow(tf, this.pointwiseKernel.read()),
          [stride, stride],
          this.padding,
          [rate, rate],
        ));
    }

    override getConfig() {
      return { ...super.getConfig(), depthMultiplier: this.depthMultiplier };
    }
  };
});
