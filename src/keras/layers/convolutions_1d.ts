import { InputError } from "../../ground/words/input_error.ts";
import {
  type LayerActivation,
  type LayerWeight,
  oneTensor,
} from "../../engine/repairs/layer_repair.ts";
import type { Layer, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import {
  kerasLayer,
  type KerasLayerFactory,
  oneShape,
  type OpenShape,
  sizesOf,
  stockClass,
} from "../../engine/keras_layer.ts";
import type { Tensor4D } from "@tensorflow/tfjs";

/** Arguments of a Conv1DTranspose: those of `tf.layers.conv1d`. */
export interface Conv1DTransposeArgs
  extends Omit<Parameters<TensorFlow["layers"]["conv1d"]>[0], "padding"> {
  /**
   * Output size: `strides` steps per step of the input, or every step that a window reaches.
   * Default: `valid`.
   */
  padding?: "valid" | "same";
}

interface Convolution {
  filters: number;
  kernelSize: number[];
  strides: number[];
  dilationRate: number[];
  padding: "valid" | "same";
  dataFormat: "channelsFirst" | "channelsLast";
  activation: LayerActivation;
  kernel: LayerWeight;
  bias: LayerWeight | null;
}

/**
 * Conv1DTranspose: the gradient of a Conv1D with respect to its input, with a kernel `[window,
 * outputs, inputs]`. A dilated one spreads its kernel with zeros between the taps, so no separate
 * op is needed.
 */
export const createConv1DTranspose: KerasLayerFactory<Conv1DTransposeArgs> = kerasLayer((tf) => {
  const Conv1D = stockClass<Convolution, [Conv1DTransposeArgs]>(tf, "Conv1D");
  return class Conv1DTranspose extends Conv1D {
    static className = "Conv1DTranspose";

    constructor(args: Conv1DTransposeArgs) {
      super(args);
      if (this.padding !== "valid" && this.padding !== "same") {
        throw new InputError({
          place: `padding of ${this.name}`,
          found: JSON.stringify(this.padding),
          expected: '"valid" or "same"',
        });
      }
    }

    /** Adds the kernel of a Conv1D with its last two axes swapped. */
    override addWeight(...[name, shape, ...rest]: Parameters<Layer["addWeight"]>) {
      const [size, inputs, outputs] = shape;
      return super.addWeight(name, name === "kernel" ? [size, outputs, inputs] : shape, ...rest);
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return convolveRow(tf, this, inputs, (rows) => {
        const [examples, , steps] = rows.shape;
        return tf.conv2dTranspose(
          rows,
          kernelOfRow(tf, this.#spreadKernel()),
          [examples, 1, this.#lengthOf(steps), this.filters],
          [1, this.strides[0]],
          this.padding,
        );
      });
    }

    /** Returns the kernel with zeros between its taps. */
    #spreadKernel(): Tensor {
      const kernel = this.kernel.read();
      const [rate] = this.dilationRate;
      if (rate === 1) return kernel;
      const [size, ...channels] = kernel.shape;
      const gaps = tf.pad(tf.expandDims(kernel, 1), [[0, 0], [0, rate - 1], [0, 0], [0, 0]]);
      const spread = tf.reshape(gaps, [size * rate, ...channels]);
      return tf.slice(spread, [0, 0, 0], [this.#reach(), ...channels]);
    }

    /** Returns the length that the window spans. */
    #reach(): number {
      return (this.kernelSize[0] - 1) * this.dilationRate[0] + 1;
    }

    #lengthOf(steps: number): number {
      const [stride] = this.strides;
      return steps * stride + (this.padding === "same" ? 0 : Math.max(0, this.#reach() - stride));
    }

    override computeOutputShape(inputShape: OpenShape | OpenShape[]): OpenShape {
      const shape = oneShape(inputShape);
      const [channelAxis, stepAxis] = this.dataFormat === "channelsFirst" ? [1, 2] : [2, 1];
      const steps = shape[stepAxis];
      return shape
        .with(channelAxis, this.filters)
        .with(stepAxis, steps === null ? null : this.#lengthOf(steps));
    }

    override getConfig() {
      return { ...super.getConfig(), dataFormat: this.dataFormat };
    }
  };
});

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

/** Members of a layer that convolves sequences. */
interface SequenceLayer {
  dataFormat: "channelsFirst" | "channelsLast";
  bias: LayerWeight | null;
  activation: LayerActivation;
}

/**
 * Convolves sequences as pictures of one row, for which TensorFlow.js has ops; then adds the bias,
 * and applies the activation.
 *
 * @param inputs Inputs of the layer's call.
 * @param convolve Convolves rows of [examples, 1, steps, channels].
 */
function convolveRow(
  tf: TensorFlow,
  { dataFormat, bias, activation }: SequenceLayer,
  inputs: Tensor | Tensor[],
  convolve: (rows: Tensor4D) => Tensor,
): Tensor {
  return tf.tidy(() => {
    const x = oneTensor(inputs);
    // Moves the channels last for the convolution, and back after it.
    const turned = (x: Tensor) => dataFormat === "channelsFirst" ? tf.transpose(x, [0, 2, 1]) : x;
    const y: Tensor = tf.squeeze(convolve(tf.expandDims(turned(x), 1) as Tensor4D), [1]);
    return activation.apply(turned(bias ? tf.add(y, bias.read()) : y));
  });
}

/** Returns a kernel of one axis as one for pictures of one row. */
const kernelOfRow = (tf: TensorFlow, kernel: Tensor): Tensor4D =>
  tf.expandDims(kernel, 0) as Tensor4D;
