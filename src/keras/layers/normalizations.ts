import { InputError } from "../../ground/words/input_error.ts";
import { type LayerWeight, oneTensor } from "../../engine/repairs/layer_repair.ts";
import type { Layer, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { showValue } from "../../ground/words/show_value.ts";
import {
  axesOf,
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
  oneShape,
  type OpenShape,
  sizesOf,
  stockClass,
} from "../../engine/keras_layer.ts";
import type { LayerVariable } from "@tensorflow/tfjs";

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
          throw new InputError({
            place: `groups of ${this.name}`,
            found: String(this.#given),
            expected: `-1 or a divisor of its ${channels} channels`,
          });
        }
        super.build(shape);
      }

      override call(inputs: Tensor | Tensor[]): Tensor {
        return tf.tidy(() => {
          const x = oneTensor(inputs);
          const [axis] = this.axis;
          const size = (from: number, to?: number) =>
            x.shape.slice(from, to).reduce((a, b) => a * b, 1);
          // The channels of a group are adjacent; any axes may follow them.
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
        throw new InputError({
          place: `axis of ${this.name}`,
          found: JSON.stringify(this.#given),
          expected: "the last axes: Keras scales along those",
        });
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

/** Arguments of a SpectralNormalization. */
export interface SpectralNormalizationArgs extends LayerArgs {
  /** Layer whose kernel, or table of embeddings, is normalised. */
  layer: Layer;
  /** Steps of the power iteration in each training step. Default: 1. */
  powerIterations?: number;
}

type Wrapped = Layer & { kernel?: LayerWeight; embeddings?: LayerWeight };

/** A vector below this counts as 0, as in Keras. */
const MIN_NORM_OF_SPECTRAL_NORMALIZATION = 1e-7;

/**
 * SpectralNormalization (Miyato et al. 2018): keeps the largest singular value of a layer's kernel
 * at 1. Each training step first divides the kernel by the estimate of a power iteration, which
 * continues from the last step's vector `vector_u`, and stores the result; a kernel of zeros stays.
 * Outside of training the layer uses the kernel unchanged.
 *
 * Keras does the same on TensorFlow and PyTorch. On JAX it differentiates through the division, and
 * trains the kernel as it was before.
 */
export const createSpectralNormalization: KerasLayerFactory<SpectralNormalizationArgs> = kerasLayer(
  (tf) => {
    const Wrapper = stockClass<{ layer: Wrapped }, [SpectralNormalizationArgs]>(
      tf,
      "TimeDistributed",
      1,
    );
    const unit = (x: Tensor) =>
      tf.div(x, tf.maximum(tf.norm(x), MIN_NORM_OF_SPECTRAL_NORMALIZATION));
    return class SpectralNormalization extends Wrapper {
      static className = "SpectralNormalization";
      readonly powerIterations: number;
      vectorU: LayerVariable | null = null;

      constructor(args: SpectralNormalizationArgs) {
        super(args);
        this.powerIterations = args.powerIterations ?? 1;
        if (Number.isInteger(this.powerIterations) && this.powerIterations > 0) return;
        throw new InputError({
          place: `powerIterations of ${this.name}`,
          found: showValue(args.powerIterations),
          expected: "a whole number from 1",
        });
      }

      override build(inputShape: OpenShape | OpenShape[]): void {
        const { layer } = this;
        if (!layer.built) layer.build(inputShape as number[]);
        layer.built = true;
        const { shape } = this.#kernel().read();
        this.vectorU = this.addWeight(
          "vector_u",
          [1, shape[shape.length - 1]],
          "float32",
          tf.initializers.truncatedNormal({ stddev: 0.02 }),
          undefined,
          false,
        );
        super.build(inputShape as number[]);
      }

      #kernel(): LayerWeight {
        const { kernel, embeddings, name } = this.layer;
        const weight = kernel ?? embeddings;
        if (weight !== undefined && weight !== null) return weight;
        throw new InputError({
          place: this.name,
          verb: "wraps",
          found: `${name} (${this.layer.getClassName()})`,
          expected: "a layer with a kernel or embeddings",
        });
      }

      override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
        return tf.tidy(() => {
          if (kwargs?.training) this.#normalize();
          return oneTensor(this.layer.call(inputs, kwargs));
        });
      }

      #normalize(): void {
        const kernel = this.#kernel();
        const value = kernel.read();
        const matrix = tf.reshape(value, [-1, value.shape[value.rank - 1]]);
        if (tf.all(tf.equal(matrix, 0)).dataSync()[0]) return;
        let u = this.vectorU!.read(), v = u;
        for (let i = 0; i < this.powerIterations; i++) {
          v = unit(tf.matMul(u, matrix, false, true));
          u = unit(tf.matMul(v, matrix));
        }
        const largest = tf.matMul(tf.matMul(v, matrix), u, false, true);
        this.vectorU!.write(u);
        kernel.write(tf.div(value, tf.reshape(largest, [])));
      }

      override computeOutputShape(inputShape: OpenShape | OpenShape[]) {
        return this.layer.computeOutputShape(inputShape as number[]);
      }

      override get nonTrainableWeights(): LayerVariable[] {
        return [...super.nonTrainableWeights, ...this.vectorU === null ? [] : [this.vectorU]];
      }

      override getWeights(): Tensor[] {
        return this.weights.map((weight) => weight.read());
      }

      override setWeights(weights: Tensor[]): void {
        tf.layers.Layer.prototype.setWeights.call(this, weights);
      }

      override getConfig() {
        return { ...super.getConfig(), powerIterations: this.powerIterations };
      }
    };
  },
);
