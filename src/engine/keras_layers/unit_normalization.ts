import { oneTensor } from "../layers/layer_repair.ts";
import type { Tensor } from "../tensorflow.ts";
import { kerasLayer, type KerasLayerFactory, type LayerArgs } from "./keras_layer.ts";
import { axesOf, oneShape, type OpenShape } from "./one_shape.ts";

/** Arguments of a UnitNormalization. */
export interface UnitNormalizationArgs extends LayerArgs {
  /** Axes over which the norm is taken. Default: the last. */
  axis?: number | number[];
}

/** As in Keras. */
const MIN_NORM = 1e-12;

/** UnitNormalization: x divided by its l2 norm along some axes. */
export const createUnitNormalization: KerasLayerFactory<UnitNormalizationArgs> = kerasLayer((tf) =>
  class UnitNormalization extends tf.layers.Layer {
    static className = "UnitNormalization";
    readonly #given: number | number[];
    #axes: number[] = [];
    /** Number of entries that the norm is taken of, `null` if open. */
    normEntries: number | null = null;

    constructor(args: UnitNormalizationArgs = {}) {
      super(args);
      this.#given = args.axis ?? -1;
      this.supportsMasking = true;
    }

    override build(inputShape: OpenShape | OpenShape[]): void {
      const shape = oneShape(inputShape);
      this.#axes = axesOf(this.#given, shape, this.name);
      const sizes = this.#axes.map((axis) => shape[axis]);
      this.normEntries = sizes.some((size) => size === null)
        ? null
        : sizes.reduce((product: number, size) => product * size!, 1);
      super.build(inputShape as number[]);
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const x = oneTensor(inputs);
        const square = tf.sum(tf.square(x), this.#axes, true);
        // Clamping the square keeps a gradient at 0, where a square root has none.
        return tf.mul(x, tf.rsqrt(tf.maximum(square, MIN_NORM ** 2)));
      });
    }

    override getConfig() {
      return { ...super.getConfig(), axis: this.#given };
    }
  }
);
