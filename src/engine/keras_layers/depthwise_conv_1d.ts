import type { LayerActivation, LayerWeight } from "../layers/layer_repair.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { convolveRow, kernelOfRow } from "./convolve_row.ts";
import { kerasLayer, type KerasLayerFactory } from "./keras_layer.ts";
import { oneShape, type OpenShape, sizesOf } from "./one_shape.ts";
import { stockClass } from "./stock_class.ts";

/** Arguments of a DepthwiseConv1D: those of `tf.layers.depthwiseConv2d`, the window along one axis. */
export interface DepthwiseConv1DArgs extends
  Omit<
    Parameters<TensorFlow["layers"]["depthwiseConv2d"]>[0],
    "kernelSize" | "strides" | "dilationRate"
  > {
  /** Size of the window. */
  kernelSize: number | [number];
  /** Step of the window. Default: 1. */
  strides?: number | [number];
  /** Distance of its taps. Default: 1. */
  dilationRate?: number | [number];
}

interface Depthwise {
  rank: number;
  kernelSize: number[];
  strides: number[];
  dilationRate: number[];
  padding: "valid" | "same";
  dataFormat: "channelsFirst" | "channelsLast";
  depthMultiplier: number;
  useBias: boolean;
  depthwiseInitializer: Parameters<typeof addWeight>[3];
  depthwiseRegularizer: Parameters<typeof addWeight>[4];
  depthwiseConstraint: Parameters<typeof addWeight>[6];
  biasInitializer: Parameters<typeof addWeight>[3];
  biasRegularizer: Parameters<typeof addWeight>[4];
  biasConstraint: Parameters<typeof addWeight>[6];
  activation: LayerActivation;
  depthwiseKernel: LayerWeight;
  bias: LayerWeight | null;
}

declare const addWeight: InstanceType<TensorFlow["layers"]["Layer"]>["addWeight"];

/** DepthwiseConv1D: each channel is convolved separately, with `depthMultiplier` outputs. */
export const createDepthwiseConv1D: KerasLayerFactory<DepthwiseConv1DArgs> = kerasLayer((tf) => {
  const DepthwiseConv2D = stockClass<
    Depthwise,
    [Parameters<TensorFlow["layers"]["depthwiseConv2d"]>[0]]
  >(tf, "DepthwiseConv2D");
  return class DepthwiseConv1D extends DepthwiseConv2D {
    static className = "DepthwiseConv1D";

    constructor({ kernelSize, strides, dilationRate, ...args }: DepthwiseConv1DArgs) {
      const twice = (value: number | number[]) =>
        Array(2).fill([value].flat()[0]) as [number, number];
      super({
        ...args,
        kernelSize: twice(kernelSize),
        // A file may have null for unset options.
        strides: twice(strides ?? 1),
        dilationRate: twice(dilationRate ?? 1),
      });
      this.rank = 1;
      for (const key of ["kernelSize", "strides", "dilationRate"] as const) this[key].pop();
    }

    override build(inputShape: OpenShape | OpenShape[]): void {
      const shape = oneShape(inputShape);
      const axis = this.dataFormat === "channelsFirst" ? 1 : 2;
      const [channels] = sizesOf([axis], shape, this.name);
      this.depthwiseKernel = this.addWeight(
        "depthwise_kernel",
        [...this.kernelSize, channels, this.depthMultiplier],
        null as never,
        this.depthwiseInitializer,
        this.depthwiseRegularizer,
        true,
        this.depthwiseConstraint,
      );
      this.bias = this.useBias
        ? this.addWeight(
          "bias",
          [channels * this.depthMultiplier],
          null as never,
          this.biasInitializer,
          this.biasRegularizer,
          true,
          this.biasConstraint,
        )
        : null;
      this.built = true;
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      const [stride] = this.strides, [rate] = this.dilationRate;
      return convolveRow(tf, this, inputs, (rows) =>
        tf.depthwiseConv2d(
          rows,
          kernelOfRow(tf, this.depthwiseKernel.read()),
          [stride, stride],
          this.padding,
          "NHWC",
          [rate, rate],
        ));
    }

    override computeOutputShape(inputShape: OpenShape | OpenShape[]): OpenShape {
      const [examples, ...rest] = oneShape(inputShape);
      const [channels, steps] = this.dataFormat === "channelsFirst" ? rest : rest.toReversed();
      const [size] = this.kernelSize, [stride] = this.strides, [rate] = this.dilationRate;
      const reach = this.padding === "same" ? 1 : (size - 1) * rate + 1;
      const outputs = channels! * this.depthMultiplier;
      const places = steps === null ? null : Math.ceil((steps - reach + 1) / stride);
      return this.dataFormat === "channelsFirst"
        ? [examples, outputs, places]
        : [examples, places, outputs];
    }
  };
});
