import { type LayerWeight, oneTensor } from "../layers/layer_repair.ts";
import type { Tensor } from "../tensorflow.ts";
import { kerasLayer, type KerasLayerFactory, type LayerArgs } from "./keras_layer.ts";
import { axesOf, oneShape, type OpenShape, sizesOf } from "./one_shape.ts";

/** Arguments of an RMSNormalization. */
export interface RMSNormalizationArgs extends LayerArgs {
  /** Axes over which the mean square is taken. Default: the last. */
  axis?: number | number[];
  /** Number added to the mean square. Default: 1e-6. */
  epsilon?: number;
}

/**
 * RMSNormalization (Zhang and Sennrich 2019): x / sqrt(mean(x^2) + epsilon), times a weight `scale`
 * of ones. No mean is subtracted and nothing is added.
 */
export const createRMSNormalization: KerasLayerFactory<RMSNormalizationArgs> = kerasLayer((tf) =>
  class RMSNormalization extends tf.layers.Layer {
    static className = "RMSNormalization";
    readonly epsilon: number;
    readonly #given: number | number[];
    #axes: number[] = [];
    #scale: LayerWeight | null = null;

    constructor(args: RMSNormalizationArgs = {}) {
      super(args);
      this.#given = args.axis ?? -1;
      this.epsilon = args.epsilon ?? 1e-6;
    }

    override build(inputShape: OpenShape | OpenShape[]): void {
      const shape = oneShape(inputShape);
      this.#axes = axesOf(this.#given, shape, this.name);
      const sizes = sizesOf(this.#axes, shape, this.name);
      const last = shape.slice(-sizes.length);
      if (!sizes.every((size, i) => size === last[i])) {
        throw new RangeError(
          `axis of ${this.name} is ${
            JSON.stringify(this.#given)
          }, expected the last axes: Keras scales along those`,
        );
      }
      this.#scale = this.addWeight("scale", sizes, "float32", tf.initializers.ones());
      super.build(inputShape as number[]);
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const x = oneTensor(inputs);
        const meanSquare = tf.mean(tf.square(x), this.#axes, true);
        return tf.mul(tf.mul(x, tf.rsqrt(tf.add(meanSquare, this.epsilon))), this.#scale!.read());
      });
    }

    override getConfig() {
      return { ...super.getConfig(), axis: this.#given, epsilon: this.epsilon };
    }
  }
);
