import type { LayerActivation, LayerWeight } from "../layers/layer_repair.ts";
import type { Layer, Tensor, TensorFlow } from "../tensorflow.ts";
import { convolveRow, kernelOfRow } from "./convolve_row.ts";
import { kerasLayer, type KerasLayerFactory } from "./keras_layer.ts";
import { oneShape, type OpenShape } from "./one_shape.ts";
import { stockClass } from "./stock_class.ts";

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
        throw new RangeError(
          `padding of ${this.name} is ${JSON.stringify(this.padding)}, expected "valid" or "same"`,
        );
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
