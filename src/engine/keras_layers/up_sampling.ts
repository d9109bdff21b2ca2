import { showValue } from "../../words/show_value.ts";
import { oneTensor } from "../layers/layer_repair.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import {
  type KerasLayer,
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
} from "./keras_layer.ts";
import { oneShape, type OpenShape } from "./one_shape.ts";
import { type DataFormat, spaceAxes } from "./space_axes.ts";

/** Arguments of an UpSampling1D and an UpSampling3D. */
export interface UpSamplingArgs extends LayerArgs {
  /** Number of repetitions of each entry along each axis. Default: 2. */
  size?: number | number[];
  /** Position of the channels. Default: `channelsLast`. */
  dataFormat?: DataFormat;
}

/** Defines repetition along `axes` spatial axes. TensorFlow.js only has UpSampling2D. */
function define(tf: TensorFlow, axes: 1 | 3): KerasLayer<UpSamplingArgs> {
  /**
   * Repeats entries along an axis. A product with ones has a gradient for any rank; a tile does
   * not.
   */
  const repeat = (x: Tensor, axis: number, times: number): Tensor => {
    if (times === 1) return x;
    const size = (from: number, to?: number) => x.shape.slice(from, to).reduce((a, b) => a * b, 1);
    const apart = tf.reshape(x, [size(0, axis + 1), 1, size(axis + 1)]);
    const repeated = tf.mul(apart, tf.ones([1, times, 1]));
    return tf.reshape(repeated, x.shape.with(axis, x.shape[axis] * times));
  };
  return class extends tf.layers.Layer {
    static className = `UpSampling${axes}D`;
    readonly size: number[];
    readonly dataFormat: DataFormat;

    constructor({ size = 2, dataFormat = "channelsLast", ...args }: UpSamplingArgs = {}) {
      super(args);
      this.size = typeof size === "number" ? Array(axes).fill(size) : size;
      this.dataFormat = dataFormat;
      this.inputSpec = [{ ndim: axes + 2 }];
      if (this.size.length !== axes || !this.size.every((n) => Number.isInteger(n) && n > 0)) {
        throw new RangeError(
          `size of ${this.name} is ${showValue(size)}, expected a whole number from 1${
            axes === 1 ? "" : `, or ${axes} of them`
          }`,
        );
      }
    }

    override computeOutputShape(inputShape: OpenShape | OpenShape[]): OpenShape {
      const shape = [...oneShape(inputShape)];
      spaceAxes(shape.length, this.dataFormat).forEach((axis, i) => {
        const size = shape[axis];
        if (size !== null) shape[axis] = size * this.size[i];
      });
      return shape;
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      const x = oneTensor(inputs);
      return tf.tidy(() =>
        spaceAxes(x.rank, this.dataFormat).reduce<Tensor>(
          (y, axis, i) => repeat(y, axis, this.size[i]),
          x,
        )
      );
    }

    override getConfig() {
      const { size, dataFormat } = this;
      return { ...super.getConfig(), size: axes === 1 ? size[0] : size, dataFormat };
    }
  };
}

/** UpSampling1D: repeats each step of a sequence. */
export const createUpSampling1D: KerasLayerFactory<UpSamplingArgs> = kerasLayer((tf) =>
  define(tf, 1)
);

/** UpSampling3D: repeats each position of a volume along each axis. */
export const createUpSampling3D: KerasLayerFactory<UpSamplingArgs> = kerasLayer((tf) =>
  define(tf, 3)
);
