import type { Tensor, TensorFlow } from "../tensorflow.ts";
import { type LayerWeight, oneTensor } from "../layers/layer_repair.ts";
import { kerasLayer, type KerasLayerFactory } from "./keras_layer.ts";
import { axesOf, oneShape, type OpenShape, sizesOf } from "./one_shape.ts";
import { stockClass } from "./stock_class.ts";

/** Arguments of a GroupNormalization. */
export interface GroupNormalizationArgs
  extends Omit<NonNullable<Parameters<TensorFlow["layers"]["layerNormalization"]>[0]>, "axis"> {
  /** Number of groups; -1 for one channel each. Default: 32. */
  groups?: number;
  /** Axis of the channels. Default: the last. */
  axis?: number;
}

interface Normalizing {
  axis: number[];
  epsilon: number;
  gamma: LayerWeight | null;
  beta: LayerWeight | null;
}

/**
 * GroupNormalization (Wu and He 2018): each group of channels of an example is normalised to mean 0
 * and variance 1 over all its positions, then each channel is scaled by gamma and shifted by beta.
 * Defaults are Keras's: 32 groups, epsilon 1e-3.
 */
export const createGroupNormalization: KerasLayerFactory<GroupNormalizationArgs> = kerasLayer(
  (tf) => {
    const Normalization = stockClass<Normalizing, [GroupNormalizationArgs]>(
      tf,
      "LayerNormalization",
    );
    return class GroupNormalization extends Normalization {
      static className = "GroupNormalization";
      readonly #given: number;
      #groups = 1;

      constructor(args: GroupNormalizationArgs = {}) {
        super(args);
        this.#given = args.groups ?? 32;
        this.supportsMasking = true;
      }

      override build(inputShape: OpenShape | OpenShape[]): void {
        const shape = oneShape(inputShape);
        this.axis = axesOf(this.axis, shape, this.name);
        const [channels] = sizesOf(this.axis, shape, this.name);
        this.#groups = this.#given === -1 ? channels : this.#given;
        if (!(this.#groups >= 1 && channels % this.#groups === 0)) {
          throw new RangeError(
            `groups of ${this.name} is ${this.#given}, expected -1 or a divisor of its ${channels} channels`,
          );
        }
        super.build(shape);
      }

      override call(inputs: Tensor | Tensor[]): Tensor {
        return tf.tidy(() => {
          const x = oneTensor(inputs);
          const [axis] = this.axis;
          const size = (from: number, to?: number) =>
            x.shape.slice(from, to).reduce((a, b) => a * b, 1);
          // The channels of a group are adjacent, with whatever axes follow them.
          const grouped = tf.reshape(x, [
            x.shape[0],
            size(1, axis),
            this.#groups,
            size(axis) / this.#groups,
          ]);
          const { mean, variance } = tf.moments(grouped, [1, 3], true);
          const spread = tf.rsqrt(tf.add(variance, this.epsilon));
          let y: Tensor = tf.reshape(tf.mul(tf.sub(grouped, mean), spread), x.shape);
          const along = (weight: LayerWeight) =>
            tf.reshape(weight.read(), x.shape.map((length, k) => k === axis ? length : 1));
          if (this.gamma) y = tf.mul(y, along(this.gamma));
          return this.beta ? tf.add(y, along(this.beta)) : y;
        });
      }

      override getConfig() {
        const { axis, ...config } = super.getConfig();
        return { ...config, axis: [axis].flat()[0] as number, groups: this.#given };
      }
    };
  },
);
