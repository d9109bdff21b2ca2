import type { serialization } from "@tensorflow/tfjs";
import { showValue } from "../../words/show_value.ts";
import { type LayerWeight, oneTensor } from "../layers/layer_repair.ts";
import type { Tensor } from "../tensorflow.ts";
import { kerasLayer, type KerasLayerFactory, type LayerArgs } from "./keras_layer.ts";
import { axesOf, oneShape, type OpenShape, sizesOf } from "./one_shape.ts";

/** A number, or one for each position along some axes. */
export type Nested = number | readonly Nested[];

/** Arguments of a Normalization. */
export interface NormalizationArgs extends LayerArgs {
  /**
   * Axes whose positions each have a mean and a variance; `null` for one of all entries. Default:
   * the last.
   */
  axis?: number | number[] | null;
  /** The mean; if absent, a weight that is 0 until it is set. */
  mean?: Nested | null;
  /** The variance; if absent, a weight that is 1 until it is set. */
  variance?: Nested | null;
  /** True to undo a normalisation: x sqrt(variance) + mean. Default: false. */
  invert?: boolean;
}

/** As in Keras. */
const MIN_DEVIATION = 1e-7;

/**
 * Normalization: (x - mean) / sqrt(variance), with the statistics of earlier data. `adapt()` of
 * Keras writes them into weights that no training step changes; they may also be given.
 */
export const createNormalization: KerasLayerFactory<NormalizationArgs> = kerasLayer((tf) =>
  class Normalization extends tf.layers.Layer {
    static className = "Normalization";
    readonly #args: NormalizationArgs;
    #shape: number[] = [];
    #weights: [mean: LayerWeight, variance: LayerWeight] | null = null;

    constructor(args: NormalizationArgs = {}) {
      super(args);
      this.#args = args;
      this.supportsMasking = true;
      const [mean, variance] = [args.mean ?? null, args.variance ?? null];
      if ((mean === null) === (variance === null)) return;
      throw new TypeError(
        `${this.name} has ${
          mean === null ? "a variance without a mean" : "a mean without a variance"
        }, ` +
          `expected both or neither`,
      );
    }

    override build(inputShape: OpenShape | OpenShape[]): void {
      const shape = oneShape(inputShape);
      const { axis = -1, mean = null } = this.#args;
      const axes = axis === null ? [] : axesOf(axis, shape, this.name);
      const sizes = sizesOf(axes, shape, this.name);
      this.#shape = shape.map((size, k) => axes.includes(k) ? size! : 1);
      if (mean === null) {
        const add = (
          name: string,
          fill: "zeros" | "ones",
          dtype: "float32" | "int32" = "float32",
        ) =>
          this.addWeight(
            name,
            name === "count" ? [] : sizes,
            dtype,
            tf.initializers[fill](),
            undefined,
            false,
          );
        this.#weights = [add("mean", "zeros"), add("variance", "ones")];
        // Keras keeps it for files of older versions.
        add("count", "zeros", "int32");
      } else {
        for (const key of ["mean", "variance"] as const) this.#requireFit(key, sizes);
      }
      super.build(inputShape as number[]);
    }

    #requireFit(key: "mean" | "variance", sizes: readonly number[]): void {
      const given = this.#args[key] as number;
      const own = sizeOf(given);
      const last = sizes.slice(sizes.length - own.length);
      // A file may have anything as an entry.
      const entries: unknown[] = [given].flat(Infinity);
      const isWhole = entries.every((entry) => typeof entry === "number") &&
        entries.length === own.reduce((product, size) => product * size, 1);
      if (
        isWhole && own.length <= sizes.length &&
        own.every((size, i) => size === 1 || size === last[i])
      ) {
        return;
      }
      throw new RangeError(
        `${key} of ${this.name} is ${
          showValue(given)
        }, expected a number or an array of the shape [${sizes.join(", ")}]`,
      );
    }

    /** Returns the mean or the variance, with the axes of the input. */
    #statistic(key: "mean" | "variance"): Tensor {
      const own = this.#weights?.[key === "mean" ? 0 : 1].read();
      if (own !== undefined) return tf.reshape(own, this.#shape);
      const given = tf.tensor(this.#args[key] as number, undefined, "float32");
      // The given values are along the last of the axes that count.
      const axes = this.#shape.map((size, k) => ({ size, k })).filter(({ size }) => size !== 1);
      const shape = this.#shape.map(() => 1);
      const sizes = given.shape.filter((size) => size !== 1);
      sizes.forEach((size, i) => shape[axes[axes.length - sizes.length + i].k] = size);
      return tf.reshape(given, shape);
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return this.#scaled(oneTensor(inputs), this.#args.invert ?? false);
    }

    /**
     * Returns the inputs that would be normalised to these; `null` for a layer that undoes a
     * normalisation itself.
     */
    inputsOf(outputs: Tensor): Tensor | null {
      return this.#args.invert ? null : this.#scaled(outputs, true);
    }

    #scaled(entries: Tensor, invert: boolean): Tensor {
      return tf.tidy(() => {
        const x = tf.cast(entries, "float32");
        const mean = this.#statistic("mean");
        const deviation = tf.maximum(tf.sqrt(this.#statistic("variance")), MIN_DEVIATION);
        return invert ? tf.add(mean, tf.mul(x, deviation)) : tf.div(tf.sub(x, mean), deviation);
      });
    }

    override getConfig() {
      const { axis = -1, mean = null, variance = null, invert = false } = this.#args;
      const own = { axis, mean, variance, invert } as serialization.ConfigDict;
      return { ...super.getConfig(), ...own };
    }
  }
);

/** Returns the shape of nested arrays. */
function sizeOf(value: Nested): number[] {
  return typeof value === "number" ? [] : [value.length, ...sizeOf(value[0] ?? 0)];
}
