import { showValue } from "../../words/show_value.ts";
import { oneTensor } from "../layers/layer_repair.ts";
import type { Tensor } from "../tensorflow.ts";
import { kerasLayer, type KerasLayerFactory, type LayerArgs } from "./keras_layer.ts";
import { oneShape, type OpenShape } from "./one_shape.ts";

/** Arguments of a Discretization. */
export interface DiscretizationArgs extends LayerArgs {
  /** Boundaries between the bins in ascending order, one fewer than there are bins. */
  binBoundaries: number[];
  /** Output: the number of the bin, or ones at the bins that occur. Default: `int`. */
  outputMode?: "int" | "oneHot" | "multiHot" | "count";
}

/**
 * Discretization: the number of the bin that contains each entry, 0 for all below the first
 * boundary. Numbers of bins are float32 here, so that any layer can read them. It passes no
 * gradient on.
 */
export const createDiscretization: KerasLayerFactory<DiscretizationArgs> = kerasLayer((tf) =>
  class Discretization extends tf.layers.Layer {
    static className = "Discretization";
    readonly binBoundaries: number[];
    readonly outputMode: NonNullable<DiscretizationArgs["outputMode"]>;

    constructor(args: DiscretizationArgs) {
      super(args);
      this.binBoundaries = args.binBoundaries;
      this.outputMode = args.outputMode ?? "int";
      const rises = Array.isArray(this.binBoundaries) &&
        this.binBoundaries.every((value, i, all) =>
          typeof value === "number" && (i === 0 || value >= all[i - 1])
        );
      if (rises) return;
      throw new TypeError(
        `binBoundaries of ${this.name} is ${
          showValue(args.binBoundaries)
        }, expected an array of numbers that rise: one that Keras has adapted`,
      );
    }

    get #bins(): number {
      return this.binBoundaries.length + 1;
    }

    override computeOutputShape(inputShape: OpenShape | OpenShape[]): OpenShape {
      const shape = oneShape(inputShape);
      if (this.outputMode === "int") return shape;
      if (this.outputMode !== "oneHot") return [shape[0], ...shape.slice(2), this.#bins];
      const isOne = shape.length > 1 && shape.at(-1) === 1;
      return [...isOne ? shape.slice(0, -1) : shape, this.#bins];
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      const place = tf.customGrad((x) => ({
        value: this.#encode(x as Tensor),
        // The steps have slope 0, and the comparison behind them has no gradient.
        gradFunc: () => tf.zerosLike(x as Tensor),
      }));
      return tf.tidy(() => place(tf.cast(oneTensor(inputs), "float32")));
    }

    #encode(x: Tensor): Tensor {
      const above = tf.greaterEqual(tf.expandDims(x, -1), tf.tensor1d(this.binBoundaries));
      const places = tf.sum(tf.cast(above, "float32"), -1);
      if (this.outputMode === "int") return places;
      const hot = tf.cast(tf.oneHot(tf.cast(places, "int32"), this.#bins), "float32");
      switch (this.outputMode) {
        case "oneHot":
          return tf.reshape(hot, this.computeOutputShape(x.shape) as number[]);
        case "multiHot":
          return tf.max(hot, 1);
        case "count":
          return tf.sum(hot, 1);
      }
    }

    override getConfig() {
      const { binBoundaries, outputMode } = this;
      return { ...super.getConfig(), binBoundaries, outputMode };
    }
  }
);
